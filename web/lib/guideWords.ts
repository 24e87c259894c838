/** The texts of help and of the first steps, loaded with their dialogs: Chinese and English, as in `dictionary.ts`. */
import { locale } from './locale.svelte.ts';
import { filled, type FillOf } from './words.ts';

const guideWords = {
  'keys.all': ['每个页面', 'On every page'],
  'keys.desk': ['巡查台', 'Patrol desk'],
  'keys.timeline': ['时间轴（选中后）', 'Time line, when it has the focus'],
  'keys.finding': ['记录问题', 'Recording a finding'],
  'keys.signal': ['处置信号', 'Answering a signal'],
  skip: ['跳到正文（页面打开后第一次按）', 'Skip to the content (the first press on a page)'],
  help: ['显示本帮助', 'Show this help'],
  close: ['关闭对话框', 'Close a dialog'],
  move: ['在画面间移动，到边缘翻页', 'Move between pictures, turn the page at the edge'],
  focus: ['低延迟观看所选画面；再按放大', 'Watch the picture with little delay; again to enlarge it'],
  modes: ['1、4、9、13、16 个画面', '1, 4, 9, 13, 16 pictures'],
  page: ['上一页、下一页', 'Previous page, next page'],
  rotate: ['开始或停止轮巡', 'Start or stop the tour'],
  full: ['全屏', 'Full screen'],
  snapshot: ['截图', 'Snapshot'],
  sound: ['打开或关闭声音（点位允许时）', 'Sound on or off, where the camera carries it'],
  finding: ['记录问题（巡查中）', 'Record a finding, during a visit'],
  evidence: ['取证', 'Take evidence'],
  back: ['从单个画面退回', 'Back from a single picture'],
  seconds: ['后退、前进 10 秒', '10 seconds back or on'],
  minutes: ['后退、前进 1 分钟', 'A minute back or on'],
  live: ['回到实时', 'Back to live'],
  pause: ['暂停或播放', 'Pause or play'],
  save: ['保存', 'Save'],
  line: ['换行', 'New line'],
  invite: ['第一次使用巡查台？', 'New to the patrol desk?'],
  inviteText: ['五步认识主要功能，一分钟看完。', 'Five steps show you round in a minute.'],
  begin: ['开始引导', 'Show me'],
  tour: ['重新看一遍新手引导', 'Show the first steps again'],
  step: ['第 {n} / {all} 步', 'Step {n} of {all}'],
  next: ['下一步', 'Next'],
  previous: ['上一步', 'Back'],
  done: ['知道了', 'Got it'],
  skipTour: ['跳过', 'Skip'],
  'tour.duties': ['今天的任务', 'Today’s duties'],
  'tour.dutiesText': ['这里列出今天要巡查的大厅和完成情况。', 'The halls to visit today, and how far each one is.'],
  'tour.start': ['开始巡查', 'Begin a visit'],
  'tour.startText': [
    '点此开始。每个窗口看够规定的秒数，任务才算完成。',
    'Start here. The duty is done once every window was watched for the seconds that the rules ask for.',
  ],
  'tour.wall': ['电视墙', 'The wall'],
  'tour.wallText': [
    '点一个画面低延迟观看。四周的圆环随实际观看的时间填满；遮挡、冻结会写明。',
    'Pick a picture to watch it with little delay. Its ring fills with what was really watched; covered and frozen pictures say so.',
  ],
  'tour.signals': ['实时信号', 'Live signals'],
  'tour.signalsText': [
    '超时和违规会实时出现，点开可看依据、督办。',
    'Overdue cases and irregularities arrive here by themselves; open one to see why, and to act.',
  ],
  'tour.help': ['快捷键与帮助', 'Keys and help'],
  'tour.helpText': [
    '按 ? 查看本页快捷键；在账号菜单里可再看一遍引导。',
    'Press ? for the keys of a page; the account menu shows these steps again.',
  ],
} as const satisfies Record<string, readonly [zh: string, en: string]>;
type GuideWord = keyof typeof guideWords;

/** A text of help and the first steps in the current language; reactive in templates. */
export const g = <W extends GuideWord>(key: W, ...fill: FillOf<(typeof guideWords)[W][0]>): string =>
  filled(guideWords[key][locale.current === 'zh' ? 0 : 1], fill[0]);
