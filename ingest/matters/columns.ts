/** The columns of the matters file: each title with its field, its requirement and how its cells read. */
import { publishedElements, type MatterRecord } from '../../hub/model/matter.ts';
import { amount, count, day, list, oneOf, orNone, parts, word, yes, type Kind } from './cells.ts';

type Element = (typeof publishedElements)[number];

export interface Column {
  title: string;
  /** The requirement that asks for it. */
  article: string;
  kind: Kind;
  field: keyof MatterRecord;
  /** Of the field `published`: which of the eight. */
  element?: Element;
  /** For the template. */
  example: string;
}

const stepWords = {
  acceptance: '受理',
  firstReview: '初审',
  secondReview: '复审',
  inspection: '检验检疫',
  checking: '验收',
  hearing: '听证',
  training: '培训',
  examination: '考试',
  publicity: '公示',
  charging: '收费',
  issuing: '发证',
  decision: '决定',
  other: '其他',
};
const step = parts({
  name: { title: '环节名称', kind: word },
  type: { title: '类型', kind: oneOf(stepWords) },
  responsible: { title: '责任人', kind: orNone(word) },
  days: { title: '时限', kind: orNone(count) },
});
const fee = parts({
  name: { title: '项目', kind: word },
  amount: { title: '金额', kind: orNone(amount) },
  unit: { title: '单位', kind: orNone(word) },
  basis: { title: '依据', kind: orNone(word) },
});
const texts = list(word);

const column = (
  field: keyof MatterRecord,
  title: string,
  article: string,
  kind: Kind,
  example: string,
  element?: Element,
): Column => ({ field, title, article, kind, example, ...(element === undefined ? {} : { element }) });

const elementTitles: Record<Element, string> = {
  item: '公开：事项',
  basis: '公开：依据',
  conditions: '公开：条件',
  quantity: '公开：数量',
  procedure: '公开：程序',
  limits: '公开：期限',
  materials: '公开：材料目录',
  form: '公开：示范文本',
};
const shown = oneOf({ present: '有', absent: '缺', outdated: '过期' });

export const columns: readonly Column[] = [
  column('code', '事项编码', 'XY-51', word, 'SC-101'),
  column('name', '事项名称', 'XY-51', word, '食品经营许可'),
  column('nameEn', '英文名称', 'XY-51', orNone(word), 'Food business licence'),
  column('directory', '事项目录', 'XY-51', orNone(word), '行政审批项目目录'),
  column('directoryEdition', '目录版本', 'XY-51', orNone(word), '2026'),
  column('parent', '所属事项编码', 'XY-52', orNone(word), '无'),
  column('subItem', '子项名称', 'XY-52', orNone(word), '无'),
  column('parallel', '并联审批', 'XY-53', yes, '否'),
  column(
    'applicants',
    '申请人类别',
    'XY-54',
    list(oneOf({ enterprise: '企业', person: '个人', other: '其他' }), false),
    '企业；个人',
  ),
  column('applicantNote', '其他申请人说明', 'XY-54', orNone(word), '无'),
  column(
    'businessType',
    '业务类型',
    'XY-02',
    oneOf({ approval: '行政审批', levy: '行政征收', penalty: '行政处罚', service: '公共服务' }),
    '行政审批',
  ),
  column('itemClass', '办件类型', 'XY-51', oneOf({ instant: '即办件', promised: '承诺件' }), '承诺件'),
  column('category', '事项类别', 'XY-55', orNone(word), '行政许可'),
  column('department', '部门代码', 'XY-51', orNone(word), '510104-market'),
  column('approvers', '批准人', 'XY-56', texts, '王局长'),
  column('section', '审核科室', 'XY-57', orNone(word), '许可科'),
  column('reviewers', '审核人', 'JY-21', texts, '李科长'),
  column('handlers', '承办人', 'XY-58', texts, '张三；赵四'),
  column('acceptors', '受理人', 'JY-21', texts, '陈五'),
  column('place', '受理地点', 'XY-59', orNone(word), '政务服务中心 7 号窗口'),
  column('steps', '审批程序', 'XY-60', list(step), '受理|受理|陈五|1；审核|初审|李科长|3；发证|发证|张三|无'),
  column('flow', '所用流程', 'KF-01', orNone(word), '无'),
  column('monitored', '监察环节', 'JY-14', texts, '受理；发证'),
  column('dayUnit', '时限单位', 'XY-61', oneOf({ working: '工作日', calendar: '自然日' }), '工作日'),
  column('statutoryDays', '法定时限', 'XY-61', orNone(count), '20'),
  column('promisedDays', '承诺时限', 'XY-62', orNone(count), '7'),
  column('legalBases', '法律依据', 'XY-63', texts, '食品安全法 第三十五条'),
  column('outputs', '证照或批准文件', 'XY-64', texts, '食品经营许可证'),
  column('conditions', '申报条件', 'XY-65', orNone(word), '有固定经营场所'),
  column('quantity', '数量限制', 'SZ-15', orNone(word), '无'),
  column('materials', '申请材料', 'SZ-15', texts, '申请书；身份证明'),
  column('form', '申请表格', 'XY-66', orNone(word), '食品经营许可申请书'),
  column('formFile', '申请表格文件', 'XY-66', orNone(word), '无'),
  column('fees', '收费项目', 'XY-67', list(fee), '工本费|10|本|收费目录 第 3 项'),
  column('attachments', '附件', 'XY-69', texts, '无'),
  ...publishedElements.map((each) => column('published', elementTitles[each], 'SZ-15', shown, '有', each)),
  column(
    'secrecy',
    '密级',
    'JY-02',
    oneOf({ public: '公开', confidential: '秘密', secret: '机密', topSecret: '绝密' }),
    '公开',
  ),
  column('usesPlatform', '使用统一平台', 'FS-26', yes, '是'),
  column('delegatedFrom', '下放自', 'FS-36', orNone(word), '无'),
  column('delegatedTo', '下放至', 'FS-36', orNone(word), '无'),
  column('greenChannel', '绿色通道', 'KF-01', yes, '否'),
  column('state', '状态', 'FS-17', oneOf({ live: '在用', suspended: '暂停', cancelled: '取消' }), '在用'),
  column('since', '状态起始日', 'FS-17', day, '2026-01-01'),
  column('effectiveFrom', '生效日期', 'XY-14', day, '2026-01-01'),
  column('signedBy', '签字领导', 'XY-70', orNone(word), '王局长'),
  column('seal', '盖章凭证', 'XY-70', orNone(word), '盖章页.pdf'),
];

/** The title of a record's field, for messages. */
export const titleOf = (field: string): string => columns.find((each) => each.field === field)?.title ?? field;

/** A field's value as its cell shows it. */
export function cellOf(field: keyof MatterRecord, value: unknown): string {
  if (field === 'published')
    return Object.entries(value as Record<Element, string>)
      .map(([element, state]) => `${elementTitles[element as Element]} ${shown.write(state as never)}`)
      .join('\n');
  return columns.find((each) => each.field === field)?.kind.write(value as never) ?? String(value);
}
