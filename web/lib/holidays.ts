import { locale } from './locale.svelte.ts';

/** The national calendar names its holidays in Chinese. */
const english: Record<string, string> = {
  元旦: "New Year's Day",
  春节: 'Spring Festival',
  清明: 'Qingming Festival',
  劳动节: 'Labour Day',
  端午: 'Dragon Boat Festival',
  中秋: 'Mid-Autumn Festival',
  国庆节: 'National Day',
  中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日: 'Victory Day, 70th anniversary',
};

/** What a day of the national calendar is called; that it is a make-up working day is said beside it. */
export function holidayName(name: string): string {
  const holiday = name.replace(/调休上班$/, '');
  return locale.current === 'zh' ? holiday : (english[holiday] ?? holiday);
}
