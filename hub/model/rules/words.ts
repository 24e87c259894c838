/** Words of both languages for the codes that stand in a signal's facts, for messages and for whoever shows them. */
import type { Facts } from '../state.ts';

type Words = Record<string, { zh: string; en: string }>;

const both = (zh: string, en: string) => ({ zh, en });

/** By fact: a code means different things in different facts. */
const words: Record<string, Words> = {
  state: { cancelled: both('已取消', 'cancelled'), suspended: both('已暂停实施', 'suspended') },
  what: {
    declined: both('不予受理', 'not accepted'),
    denied: both('不予批准', 'denied'),
    correctionRequested: both('告知补正', 'sent back for correction'),
    appealed: both('引起行政复议或诉讼', 'appealed to reconsideration or court'),
    resultRevoked: both('审批被撤销', 'approval revoked'),
    returned: both('退件', 'returned'),
    extended: both('延期', 'extended'),
    suspended: both('停表', 'clock suspended'),
    withdrawn: both('申请人撤回', 'withdrawn by the applicant'),
  },
  refusal: { declined: both('不予受理', 'not accepted'), denied: both('不予批准', 'denied') },
  fault: {
    notListed: both('目录未列此项收费', 'the catalogue lists no such fee'),
    amount: both('与目录标准不符', 'another amount than the catalogue lists'),
    deposit: both('收取押金、保证金', 'a deposit'),
    unknownMatter: both('本地区未公布该事项', 'the region publishes no such matter'),
    otherDepartment: both('不是该事项的实施部门', "not the matter's department"),
  },
  procedures: {
    hearing: both('听证', 'hearing'),
    tender: both('招标', 'tender'),
    auction: both('拍卖', 'auction'),
    examination: both('考试', 'examination'),
    inspection: both('检验', 'inspection'),
    testing: both('检测', 'testing'),
    quarantine: both('检疫', 'quarantine'),
    appraisal: both('鉴定', 'appraisal'),
    expertReview: both('专家评审', 'expert review'),
    publicity: both('公示', 'publicity'),
    siteVisit: both('现场核查', 'site visit'),
    other: both('其他程序', 'another procedure'),
  },
};

/** The value of a fact in words: a list of codes is joined by 、 in the facts. Text that is no code stays as it is. */
export function factIn(language: 'zh' | 'en', name: string, value: Facts[string]): string {
  const known = words[name];
  if (!known || typeof value !== 'string') return String(value);
  return value
    .split('、')
    .map((each) => known[each]?.[language] ?? each)
    .join(language === 'zh' ? '、' : ', ');
}
