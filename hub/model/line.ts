/**
 * 部门监察机构 (四川 第六条（一）4, SC-15): the supervision body of a department patrols the windows of its own line, as it needs to.
 * It owes no number: a duty stands in the log from the moment somebody begins with it, and ends with its day.
 */
import { endOf, startOf } from './calendar.ts';
import type { EventOf } from './event.ts';
import { dutyId, longestArticle } from './quota.ts';
import { isOpenOn, packOf, type Hall, type Organ, type Window, type World } from './world.ts';

export const notAsNeeded = 'by the rules of the region, supervision bodies of departments do not patrol';

/** What is said of it behind the article. */
const remark = '（按需）';

/** The windows of these departments that are there on a day; `hall`: only there. */
export const windowsOfLine = (world: World, line: readonly string[], day: string, hall?: string): Window[] =>
  [...world.windows.values()].filter(
    (each) =>
      (hall === undefined || each.hall === hall) &&
      each.department !== undefined &&
      line.includes(each.department) &&
      isOpenOn(each, day),
  );

/** The duty of an organ with a line at a hall, always the same on the same day; or why there is none. */
export function dutyAsNeeded(
  world: World,
  organ: Organ | undefined,
  hall: Hall,
  day: string,
): EventOf<'patrol.planned'> | { field: string; reason: string } {
  if (!organ?.departments || !isOpenOn(organ, day))
    return { field: 'organ', reason: 'expected an account of the supervision body of a department' };
  const patrol = packOf(world, organ.region, day)?.patrol;
  if (patrol?.departments !== 'asNeeded') return { field: 'organ', reason: notAsNeeded };
  if (!isOpenOn(hall, day) || windowsOfLine(world, organ.departments, day, hall.id).length === 0)
    return { field: 'hall', reason: 'no window of the hall is of your line' };
  const duty = dutyId(day, organ.id, hall.id);
  return {
    kind: 'patrol.planned',
    id: `duty:${duty}`,
    region: organ.region,
    source: 'desk',
    occurredAt: startOf(day),
    duty,
    organ: organ.id,
    hall: hall.id,
    day,
    required: 1,
    dueAt: endOf(day),
    article: `${patrol.article.slice(0, longestArticle - remark.length)}${remark}`,
    of: 'asNeeded',
  };
}
