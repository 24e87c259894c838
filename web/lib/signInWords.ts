import { locale } from './locale.svelte.ts';

/** Why an account opens nothing although its password is right, as the hub says it and in words; loaded with the sign-in page. */
const shut: Readonly<Record<string, readonly [zh: string, en: string]>> = {
  'the account is locked': [
    '账号已被锁定，请联系系统管理员。',
    'The account is locked. Please ask the system administrator.',
  ],
  'the account awaits confirmation by an overseer': [
    '账号待确认：须由系统监管员确认后才能登录。',
    'The account awaits confirmation: an overseer must confirm it before you can sign in.',
  ],
  'an overseer refused the request for this account': [
    '系统监管员没有同意这个账号的申请，请联系系统管理员。',
    'An overseer refused the request for this account. Please ask the system administrator.',
  ],
  'nobody confirmed this account in time': [
    '账号在七天内没有得到确认，请系统管理员重新提请。',
    'Nobody confirmed this account within seven days. Please ask the system administrator to request it again.',
  ],
};

export const shutWords = (reason: string | undefined): string | undefined =>
  shut[reason ?? '']?.[locale.current === 'zh' ? 0 : 1];
