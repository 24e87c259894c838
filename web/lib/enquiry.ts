/** 触摸屏查询: its routes (shapes: hub/model/publicCase.ts), its texts, and what its keyboard shows. */
import type { CaseProgress, GuideLine, GuideList, GuideMatter, ProgressStep } from '../../hub/model/publicCase.ts';
import { call } from './api.ts';
import { textsOf } from './locale.svelte.ts';

const enquiryWords = {
  title: ['自助查询', 'Enquiries'],
  ask: ['查办件进度', 'Progress of a case'],
  askText: ['需要办件编号和申请人姓氏', 'You need the case number and the surname of the applicant'],
  guide: ['办事指南', 'Guide to matters'],
  guideText: ['材料、收费、时限、依据', 'Documents, fees, time limits, legal bases'],
  board: ['办件公示', 'Cases in progress'],
  boardText: ['本大厅正在办理的办件', 'What this hall is working on'],
  back: ['返回', 'Back'],
  start: ['回到首页', 'Start again'],
  leaving: ['{seconds} 秒后回到首页', 'Back to the start in {seconds} s'],
  stay: ['继续查看', 'Stay here'],
  number: ['办件编号', 'Case number'],
  numberHint: ['受理通知书上的完整编号', 'The whole number on your receipt'],
  applicant: ['申请人姓氏', 'Surname of the applicant'],
  applicantHint: [
    '个人填姓，单位填名称的第一个字',
    'In Chinese characters; of an organisation the first character of its name',
  ],
  letters: ['按拼音首字母选姓', 'Choose by the first letter of its pinyin'],
  erase: ['退格', 'Erase'],
  clear: ['清空', 'Clear'],
  digits: ['数字', 'Digits'],
  abc: ['字母', 'Letters'],
  keypad: ['键盘', 'Keypad'],
  next: ['下一步', 'Next'],
  search: ['查询', 'Look up'],
  searching: ['正在查询…', 'Looking…'],
  emptyNumber: ['请填写办件编号。', 'Enter the case number.'],
  emptyApplicant: ['请填写申请人姓氏。', 'Enter the applicant’s surname.'],
  notFound: [
    '没有查到。请核对编号和姓氏，或到窗口询问。',
    'Nothing found. Check the number and the surname, or ask at a window.',
  ],
  wait: ['查询过于频繁，请一分钟后再试。', 'Too many enquiries. Try again in a minute.'],
  away: ['暂时连接不上，请稍后再试或到窗口询问。', 'No connection at the moment. Try again later or ask at a window.'],
  'step.received': ['收到申请', 'Application received'],
  'step.correctionAsked': ['要求补正材料', 'Corrections asked for'],
  'step.corrected': ['材料已补正', 'Corrections received'],
  'step.accepted': ['受理', 'Accepted'],
  'step.paused': [
    '暂停计时（检验、听证等不计入时限）',
    'Clock paused (inspection, hearing and the like are not counted)',
  ],
  'step.resumed': ['恢复计时', 'Clock runs again'],
  'step.decided': ['作出决定', 'Decided'],
  'step.completed': ['办结', 'Completed'],
  'step.ended': ['结束', 'Ended'],
  approved: ['准予', 'Approved'],
  denied: ['不予许可', 'Denied'],
  progress: ['办理经过', 'What has happened'],
  promisedBy: ['承诺在 {day} 前办结', 'Promised by {day}'],
  statutoryBy: ['法定期限 {day}', 'Legal limit {day}'],
  pastPromise: ['已过承诺期限（{day}），请向窗口询问', 'The promised day ({day}) has passed: please ask at the window'],
  noClock: ['暂停计时，恢复后顺延', 'The clock is paused; the limit moves accordingly'],
  over: ['已经办完', 'This case is finished'],
  collect: ['请到{window}领取结果', 'Collect the result at {window}'],
  correct: ['请按通知补齐材料', 'Please hand in what the notice asks for'],
  provisional: ['期限待明年节假日安排公布后确定', 'Subject to the holiday calendar of next year'],
  asOf: ['截至 {time}', 'As of {time}'],
  find: ['输入事项名称查找', 'Find a matter by name'],
  allDepartments: ['全部部门', 'All departments'],
  noMatters: ['没有符合的事项', 'No matter fits'],
  noMattersText: ['换一个词，或选择全部部门。', 'Try another word, or all departments.'],
  count: ['{n} 项', '{n|matter|matters}'],
  who: ['谁可以办', 'Who may apply'],
  'who.person': ['个人', 'People'],
  'who.enterprise': ['企业', 'Enterprises'],
  'who.other': ['其他', 'Others'],
  limits: ['办理时限', 'Time limits'],
  promised: ['承诺 {n} {unit}', '{n} {unit} promised'],
  statutory: ['法定 {n} {unit}', '{n} {unit} by law'],
  instantLimit: ['当场办结', 'Done while you wait'],
  'unit.working': ['个工作日', 'working days'],
  'unit.calendar': ['天', 'days'],
  'unit.workingHours': ['个工作小时', 'working hours'],
  materials: ['需要的材料', 'Documents to bring'],
  conditions: ['条件', 'Conditions'],
  quantity: ['数量限制', 'Limited number'],
  place: ['办理地点', 'Where'],
  form: ['申请表', 'Form'],
  fees: ['收费', 'Fees'],
  noFees: ['不收费', 'No fee'],
  feeAmount: ['{amount} 元', '{amount} yuan'],
  feeByCase: ['按规定核定', 'Set case by case'],
  feeBasis: ['依据：{basis}', 'Basis: {basis}'],
  steps: ['办理流程', 'Procedure'],
  windows: ['在哪个窗口办', 'Windows'],
  window: ['{number} 号窗口', 'Window {number}'],
  staff: ['工号 {staff}', 'Staff {staff}'],
  duties: ['谁负责', 'Who is responsible'],
  section: ['审核科室：{section}', 'Reviewing section: {section}'],
  'duty.accepts': ['受理', 'Accepts'],
  'duty.handles': ['承办', 'Handles'],
  'duty.reviews': ['审核', 'Reviews'],
  'duty.approves': ['批准', 'Approves'],
  outputs: ['领取的证照', 'What you get'],
  bases: ['依据', 'Legal basis'],
  unsaid: ['目录中未填写，请向窗口询问。', 'Not given in the catalogue: please ask at the window.'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;
/** A text of this page in the current language; reactive in templates. */
export const q = textsOf(enquiryWords);

const of = (path: string, hall: string, more = ''): string => `/api/public/${path}/${encodeURIComponent(hall)}${more}`;
export const enquiries = {
  ask: (hall: string, number: string, applicant: string) =>
    call<CaseProgress>('POST', of('enquiry', hall), { number, applicant }),
  matters: (hall: string) => call<GuideList>('GET', of('matters', hall)),
  matter: (hall: string, code: string) => call<GuideMatter>('GET', of('matters', hall, `/${encodeURIComponent(code)}`)),
};

/** A screen that nobody has touched for so long goes back to its start: the next person must not read what the last one asked. */
export const idleMs = 60_000;
/** Said so long before. */
export const warnMs = 15_000;

/** Common surnames, and what names of organisations often begin with, by the first letter of their pinyin. */
export const surnames: Readonly<Record<string, string>> = {
  A: '安艾敖',
  B: '白包鲍毕边卞薄北',
  C: '蔡曹陈程成崔岑常车池楚褚川',
  D: '戴邓丁董杜段窦刁狄东德大',
  E: '鄂',
  F: '范方冯傅樊费丰符付福富',
  G: '高葛龚顾郭甘耿宫古谷关管光国广',
  H: '韩何贺洪侯胡黄霍郝衡花华恒宏汇海',
  J: '贾江姜蒋焦金靳纪季冀简景鞠吉嘉建锦杰',
  K: '康柯孔匡寇凯科',
  L: '兰郎雷黎李梁廖林凌刘龙卢鲁陆罗吕路柳娄骆乐利联',
  M: '马毛孟莫苗梅米闵牟穆麦美明',
  N: '倪聂宁牛农南',
  O: '欧区',
  P: '潘庞裴彭皮蒲平普',
  Q: '戚齐钱乔秦邱裘曲屈祁启千庆',
  R: '任阮荣饶冉仁瑞',
  S: '邵沈盛施石史舒司宋苏孙单沙尚申四三盛',
  T: '谭汤唐陶田佟童涂屠滕天通泰',
  W: '万汪王韦魏温文翁吴伍武乌巫',
  X: '夏向项萧谢熊徐许薛邢席肖辛西新兴鑫信',
  Y: '严颜杨姚叶易殷尹尤于余俞袁岳喻阎晏阳一益永友源',
  Z: '曾翟詹张章赵郑钟周朱祝庄卓邹左臧宗中正志众',
};

/** What the list shows for a word and a department; both may be empty. */
export function findMatters(items: readonly GuideLine[], word: string, department: string): GuideLine[] {
  const wanted = word.trim().toLowerCase();
  return items.filter(
    (each) =>
      (department === '' || each.department?.name === department) &&
      (wanted === '' || [each.name, each.nameEn, each.code].some((name) => name?.toLowerCase().includes(wanted))),
  );
}

/** A step in words: a published step by its own name. */
export const stepWords = ({ kind, step }: ProgressStep): string => (kind === 'step' ? (step ?? '') : q(`step.${kind}`));
