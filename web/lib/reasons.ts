/** The hub says in English why it refuses; here is the same in Chinese. What is not listed is shown as the hub said it. */

const levels: Record<string, string> = { notice: '提示', warning: '预警', correction: '纠错', serious: '严重' };

const chinese: readonly (readonly [RegExp, string | ((...found: string[]) => string)])[] = [
  // Signals and investigations
  [/^no such signal$/, '没有这条信号。'],
  [/^the signal is \w+: /, '信号的状态已经变化，不能再这样处理，请刷新后再看。'],
  [/^nobody verifies a correction of their own$/, '不能核验自己报告的整改。'],
  [/^who issued a signal cannot revoke it/, '发出信号的人不能撤销，须由另一人批准。'],
  [/^nobody approves their own request/, '不能批准自己的请求。'],
  [/^nobody decides their own appeal/, '不能裁定自己的申诉。'],
  [/^who issued a signal cannot decide the appeal/, '发出信号的人不能裁定对它的申诉。'],
  [/^the signal was appealed already/, '该信号已申诉过，并已裁定。'],
  [/^expected the reason for dropping the draft$/, '请写明不发出的理由。'],
  [/^expected what is still wrong$/, '请写明还有什么没有改正。'],
  [/^expected a time in the future$/, '请选择今后的时间。'],
  [/^expected a time within (\d+) days$/, '请选择 $1 天以内的时间。'],
  [/^it was urged (\d+) times already$/, '已督办 $1 次，不能再督办。'],
  [/^a signal of this id was issued already$/, '这条信号已经发出。'],
  [/^expected a casefile or a window$/, '请指明办件或窗口。'],
  [/^no such casefile$/, '没有这个办件。'],
  [/^no rule pack is in force on (\S+)$/, '$1 没有施行的规则包。'],
  [/^the casefile has an open signal of this level by this article/, '该办件已有同级别、同依据的未结信号。'],
  [/^the window has an open signal by this article/, '该窗口已有同依据的未结信号。'],
  [/^the window has (\d+) open signals issued by hand/, '该窗口已有 $1 条人工发出的未结信号，请先处理。'],
  [/^the signal has an investigation already$/, '该信号已经立项调查。'],
  [/^only a signal that was issued is investigated$/, '只有已发出的信号才能立项调查。'],
  [/^the investigation is closed$/, '调查已经办结。'],
  [/^it was extended already/, '已经延期过一次，不能再延期。'],
  [/^an extension is granted before the time is over$/, '期限届满后不能再延期。'],
  [/^the rule pack sets no time for investigations$/, '规则包没有规定调查期限。'],
  // Patrol
  [/^no window of the hall has a camera$/, '大厅没有视频点位。'],
  [/^by the rules of the region, supervision bodies of departments/, '按本地区的规则，部门监察机构不开展视频巡查。'],
  [/^no window of the hall is of your line$/, '这个大厅没有本部门的窗口。'],
  [/^the time for this duty is over$/, '这项任务的时间已过。'],
  [/^the appeal is decided by the level/, '申诉须由发现问题的机关或其上级决定。'],
  [/^the hall is closed on that day$/, '这个大厅当天已停用。'],
  [/^the hall is not open yet$/, '大厅还没有开门。'],
  [/^your visit of this duty is still open/, '您对这项任务的巡查还没有结束，请先结束。'],
  [/^the hall was visited already/, '这个大厅已经巡查过，或任务时间已过，不能再换。'],
  [/^expected a candidate of the same draw$/, '只能换成同一次抽签的候选大厅。'],
  [/^the hall is visited on that day already$/, '当天已经安排巡查这个大厅。'],
  [/^the rule pack allows no other hall than the one drawn$/, '规则包不允许更换抽中的大厅。'],
  [/^only a drawn hall can be replaced$/, '只有抽签产生的任务可以换大厅。'],
  [/^a draw is changed (\d+) times at most$/, '一次抽签最多更换 $1 次。'],
  [/^only the person who started a visit can/, '只有开始巡查的人可以继续和结束巡查。'],
  [/^only the person on the visit can record a finding$/, '只有正在巡查的人可以记录问题。'],
  [/^the visit (?:is|was) (?:finished|started) already$/, '这次巡查已经开始或结束。'],
  [/^the visit is finished: /, '巡查已结束，问题须在巡查中记录。'],
  [/^the duty is for ([\d-]+), not for today$/, '这项任务是 $1 的，不是今天的。'],
  [/^the duty is /, '这项任务属于别的机关或大厅。'],
  // Evidence
  [/^the moment lies in the future$/, '取证时刻还没有到。'],
  [/^the evidence is not complete yet$/, '证据还没有固定完毕，请稍后再申请。'],
  [/^the evidence was deleted$/, '证据已经删除。'],
  [/^nobody answers their own request$/, '不能批准自己的申请。'],
  [/^a release is approved by the supervision organ of the same level$/, '调阅须由本级监察机关批准。'],
  [/^deletion is approved by the province only$/, '删除须由省级监察机关批准。'],
  [/^expected a reason for the refusal$/, '请说明不予批准的理由。'],
  [/^the request was answered already$/, '这项申请已经答复。'],
  [/^the release has (?:expired|ended)$/, '调阅期限已过。'],
  [/^the release is another person’s$/, '这份副本是批给别人的。'],
  // Rule packs and their text
  [/^nobody activates his own draft/, '不能启用自己起草的规则包。'],
  [/^a pack is activated by the region above/, '规则包由上级地区启用。'],
  [/^another draft of this pack is under way$/, '这个规则包已有草案。'],
  [/^only its author (?:changes|removes) a draft$/, '只有起草人可以修改或删除草案。'],
  [/^the draft is activated$/, '草案已经启用。'],
  [/^the draft must be tried first/, '请先用现在的文本试算。'],
  [/^expected a version above (\d+)$/, '版本号应大于 $1。'],
  [/^expected a day that begins at least an hour from now$/, '施行日期须从明天起（至少一小时以后）。'],
  [/^expected a day from ([\d-]+) on$/, '日期不能早于 $1。'],
  [/^unknown key$/, '没有这个字段。'],
  [/^(.+) is there twice$/, '“$1”重复出现。'],
  [/^(\{.+\}) is not filled in; expected (.+)$/, '$1 没有可填的内容，可用：$2。'],
  [/^expected a level above fromLevel$/, '升级后的级别须高于原级别。'],
  [/^(\S+) needs settings\.flow/, '“$1”需要 settings.flow 说明监察哪些环节。'],
  [/^flagged needs a rule entryLag or backfilled/, '“flagged”需要一条 entryLag 或 backfilled 规则。'],
  [/^no such pack/, '没有这个规则包。'],
  // What every form may be told
  [
    /^Invalid option: expected one of (.+)$/,
    (all) =>
      `应为下列之一：${all
        .replaceAll('"', '')
        .split('|')
        .map((each) => (levels[each] ? `${each}（${levels[each]}）` : each))
        .join('、')}。`,
  ],
  [/^Invalid input: expected \w+, received undefined$/, '缺少这一项。'],
  [/^Invalid input: expected (?:number|int), /, '应为数字。'],
  [/^Invalid input: expected string, /, '应为文字。'],
  [/^Invalid input: expected array, /, '应为列表。'],
  [/^Invalid input: expected (?:object|record), /, '应为一组字段。'],
  [/^Invalid input: expected boolean, /, '应为 true 或 false。'],
  [/^Invalid input/, '这一项填写不正确。'],
  [/^Too big: expected string to have <=(\d+) characters$/, '最多 $1 个字。'],
  [/^Too big: expected array to have <=(\d+) items$/, '最多 $1 项。'],
  [/^Too big: expected \w+ to be <=?(\S+)$/, '不能大于 $1。'],
  [/^Too small: expected string to have >=1 characters$/, '不能为空。'],
  [/^Too small: expected string to have >=(\d+) characters$/, '至少 $1 个字。'],
  [/^Too small: expected array to have >=(\d+) items$/, '至少 $1 项。'],
  [/^Too small: expected \w+ to be >=?(\S+)$/, '不能小于 $1。'],
  [/^Invalid string: must match pattern /, '格式不正确。'],
  [/^Unrecognized keys?: (.+)$/, '没有这个字段：$1。'],
  [/^expected one of (.+)$/, '应为下列之一：$1。'],
  [/^expected a region within (\d+)$/, '区划不在您的管辖范围内。'],
  [/^expected a region of yours$/, '区划不在您的管辖范围内。'],
  [/^expected a day not before ([\d-]+)$/, '日期不能早于 $1。'],
  [/^expected at most (\d+) days$/, '时间段最长 $1 天。'],
  [/^needs the right /, '您的岗位没有这项权限。'],
  [/^needs the role of a reviewing office/, '只有审核机关可以审核。'],
  [/^a new source needs a name and a region$/, '新的来源需要名称和区划。'],
  [/^the source sends for regions outside yours as well$/, '该来源还报送您管辖范围以外的地区。'],
];

/** A reason in Chinese; the same text where it is not known. */
export function inChinese(reason: string): string {
  for (const [pattern, text] of chinese) {
    const found = pattern.exec(reason);
    if (!found) continue;
    return typeof text === 'function'
      ? text(...found.slice(1))
      : text.replace(/\$(\d)/g, (_, index: string) => found[Number(index)] ?? '');
  }
  return reason;
}
