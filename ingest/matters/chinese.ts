/** What was expected, in Chinese: departments fill in the form, and it is they who read what is wrong with it. */

/** The sentences of `checkRecord` and of the reader, with what stands in them. */
const sentences: readonly [RegExp, string][] = [
  [/^a sub-item has both/, '子项须同时填写所属事项编码和子项名称（XY-52）'],
  [/^a matter cannot be its own/, '事项不能是自己的子项（XY-52）'],
  [/^a directory is named together/, '目录须与版本一起填写（XY-51）'],
  [/^each class once/, '每类只填一次（XY-54）'],
  [/^applicants of another class/, '其他类申请人须写明说明（XY-54）'],
  [/^at most the statutory (\d+) days/, '不得超过法定的 $1 天（XY-62）'],
  [/^less than the statutory (\d+) days/, '应短于法定的 $1 天（XY-62）'],
  [/^each step has a name of its own/, '环节名称不得重复（XY-60）'],
  [/^(.+) is no step of this matter/, '“$1”不是本事项的环节（JY-14）'],
  [/^each step once/, '每个环节只填一次（JY-14）'],
  [/^the file of a form needs/, '有表格文件须写明表格名称（XY-66）'],
  [/^a delegation goes from/, '下放须写明从哪个区划到另一个区划（FS-36）'],
  [/^this column, which is missing/, '缺少这一列'],
  [/^no column of the template/, '登记表里没有这一列'],
  [/^one row for each code; (.+) stands in row (\d+)/, '每个编码一行，$1 已在第 $2 行'],
  [/^a department there is; (.+) is not known/, '已登记的部门代码，没有“$1”'],
  [/^a day such as (\S+)/, '日期，如 $1'],
  [/^at least one matter below/, '标题行下面至少一个事项'],
  [/^not a spreadsheet that can be read/, '这不是可以读取的 XLSX 文件，可能不完整'],
];

/** `hint` is what the form itself says of the column; `text` is what stood there. */
export function inChinese(expected: string, hint?: string, text?: string): string {
  if (hint !== undefined)
    return `${hint}；${text === undefined || text === '' ? '不能留空（XY-68）' : `现为“${text}”`}`;
  for (const [pattern, sentence] of sentences) {
    const found = pattern.exec(expected);
    if (found) return sentence.replace(/\$(\d)/g, (_, index: string) => found[Number(index)] ?? '');
  }
  return expected;
}
