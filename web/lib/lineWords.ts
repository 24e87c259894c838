/** The texts of a department's inspector at the desk (SC-15), which are loaded with it: Chinese and English, as in `dictionary.ts`. */
import { textsOf } from './locale.svelte.ts';

export const l = textsOf({
  title: ['例行巡查', 'Patrol'],
  asNeeded: ['按需', 'as needed'],
  text: [
    '按工作需要巡查本部门和下级部门的窗口，没有次数要求。选一个大厅，再开始巡查。',
    'Patrol the windows of your line as you need to; no number is owed. Choose a hall and start.',
  ],
  closed: [
    '按本地区的规则，部门监察机构不开展视频巡查。',
    'By the rules of the region, supervision bodies of departments do not patrol.',
  ],
  halls: ['有本部门窗口的大厅', 'Halls with your windows'],
  windows: ['{n} 个窗口', '{n|window|windows}'],
  running: ['正在巡查', 'Under way'],
  counted: ['今天已计入 {n} 次', '{n|visit counts|visits count} today'],
  notCounted: ['今天巡查过，未计入', 'Visited today, not counted'],
  blind: ['今天视频无画面，未能巡查', 'No pictures today: not inspected'],
  notYet: ['今天没有巡查', 'Not visited today'],
  month: ['本月', 'This month'],
  visits: ['计入的巡查', 'Visits that count'],
  findings: ['发现问题', 'Findings'],
  found: ['本次发现的问题', 'Found on this visit'],
  nothing: ['还没有记录问题', 'Nothing recorded yet'],
  nothingText: ['看到问题时按 N 记录，画面自动留存。', 'Press N when you see something; the picture is kept with it.'],
  noHall: ['没有本部门的窗口', 'No windows of your line'],
  noHallText: [
    '请系统管理员核对本机构负责的部门和窗口所属的部门。',
    'Ask the administrator to check the departments of your body and of the windows.',
  ],
} as const);
