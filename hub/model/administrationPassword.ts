/** Which passwords are taken. The page asks the same before it sends one. */

const shortestPassword = 12;
/** A passphrase in Chinese: each character says more than a letter. */
const shortestPhrase = 8;
/** Longer input is work for an attacker, not a password. */
export const longestPassword = 256;

/** What such passwords are made of, whatever digits and signs stand around it. */
const common = new Set(
  [
    'password passw0rd pass admin administrator root user guest test demo login welcome letmein iloveyou qwerty qwertyuiop',
    'asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc abc abcd abcdef abcdefgh monkey dragon sunshine princess football',
    'hallwatch zhengwu zhengfu jiancha xuncha ygxc yangguang shenpi dating chuangkou mima woaini woaini1314 chengdu sichuan',
    'china beijing government huawei hikvision dahua changeme default secret master superman',
  ].flatMap((line) => line.split(' ')),
);
const rows = ['01234567890', 'abcdefghijklmnopqrstuvwxyz', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

type PasswordFault = 'short' | 'long' | 'same' | 'common' | 'row' | 'account' | 'few' | 'digits';

const wordsOf: Record<PasswordFault, string> = {
  short: `expected at least ${shortestPassword} characters, or ${shortestPhrase} Chinese ones`,
  long: `expected at most ${longestPassword} characters`,
  same: 'expected another password than the present one',
  common: 'expected a password that is not among the common ones',
  row: 'expected no row of keys, letters or digits',
  account: 'expected a password without the name of the account',
  few: 'expected at least five different characters',
  digits: 'expected letters or words beside the digits',
};
export const passwordReason = (fault: PasswordFault): string => wordsOf[fault];

/** Why a password is not taken; undefined when it is. */
export function passwordFault(password: string, account: string): PasswordFault | undefined {
  const text = password.normalize('NFC');
  const length = [...text].length;
  const han = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  if (text.length > longestPassword) return 'long';
  if (length < shortestPassword && han < shortestPhrase) return 'short';
  if (new Set(text).size < 5) return 'few';
  const low = text.toLowerCase();
  if (account.length >= 3 && low.includes(account.toLowerCase())) return 'account';
  if (isRow(low)) return 'row';
  if (!/\p{L}/u.test(text)) return 'digits';
  // Once more with the letters that stand behind the digits people write for them.
  for (const plain of [low, low.replaceAll('0', 'o').replaceAll('1', 'l').replaceAll('3', 'e').replaceAll('@', 'a')]) {
    const words = plain.match(/[a-z]{3,}/g) ?? [];
    if (words.length > 0 && words.every((word) => common.has(word)) && han === 0) return 'common';
  }
  return undefined;
}

/** Made of steps along the keyboard, the alphabet or the digits, for the most part. */
function isRow(low: string): boolean {
  let steps = 0;
  for (let at = 1; at < low.length; at += 1) {
    const pair = low.slice(at - 1, at + 1);
    const turned = pair[1]! + pair[0]!;
    if (pair[0] === pair[1] || rows.some((row) => row.includes(pair) || row.includes(turned))) steps += 1;
  }
  return steps >= (low.length - 1) * 0.75;
}
