/** People and a source for the demonstration. Their passwords are known to everybody, so they exist only while the hub listens on loopback. */
import { createHash } from 'node:crypto';
import type { Role } from '../hub/model/rights.ts';
import { hashPassword } from '../hub/platform/password.ts';
import type { Store } from '../hub/platform/postgres.ts';

export interface DemoAccount {
  role: Role;
  account: string;
  password: string;
  /** Who it is, for the list that is printed at the start. */
  name: string;
  place: string;
}

interface Person extends DemoAccount {
  region: string;
  hall?: string;
  organ?: string;
  department?: string;
}

/** The hall with twelve windows and twelve cameras. */
export const demoHall = 'hall-510104-1';

const people: readonly Person[] = [
  {
    role: 'inspector',
    account: 'inspector',
    password: 'demo-inspector',
    name: '电子监察员 0103',
    place: '锦江区监察局 Jinjiang',
    region: '510104',
    organ: 'organ-510104',
  },
  {
    role: 'inspector',
    account: 'province',
    password: 'demo-province',
    name: '省级电子监察员 0001',
    place: '四川省监察厅 Sichuan',
    region: '510000',
    organ: 'organ-510000',
  },
  {
    role: 'lineInspector',
    account: 'housing',
    password: 'demo-housing',
    name: '部门监察员 0501',
    place: '派驻成都市住建部门 Chengdu housing',
    region: '510100',
    organ: 'organ-510100-housing',
  },
  {
    role: 'hallManager',
    account: 'manager',
    password: 'demo-manager',
    name: '大厅负责人',
    place: '锦江区政务服务中心 Jinjiang hall',
    region: '510104',
    hall: demoHall,
  },
  {
    role: 'administrator',
    account: 'admin',
    password: 'demo-admin',
    name: '系统管理员',
    place: '四川省 Sichuan',
    region: '510000',
  },
  {
    role: 'cataloguer',
    account: 'catalogue',
    password: 'demo-catalogue',
    name: '事项管理员',
    place: '锦江区政务服务中心 Jinjiang hall',
    region: '510104',
  },
  {
    role: 'establishmentOffice',
    account: 'bianban',
    password: 'demo-bianban',
    name: '编办审核员',
    place: '锦江区编办 Jinjiang',
    region: '510104',
  },
  {
    role: 'legalOffice',
    account: 'fazhi',
    password: 'demo-fazhi',
    name: '法制办审核员',
    place: '锦江区法制办 Jinjiang',
    region: '510104',
  },
  {
    role: 'overseer',
    account: 'overseer',
    password: 'demo-overseer',
    name: '系统监管员 0001',
    place: '四川省监察厅 Sichuan',
    region: '510000',
  },
  {
    role: 'postUser',
    account: 'window',
    password: 'demo-window',
    name: '岗位用户 1002',
    place: '锦江区城管局 Jinjiang urban management',
    region: '510104',
    department: '510104-city',
  },
];

/** The simulator's source; its events say that they come from `demo`. */
export const demoSource = { id: 'demo', name: '演示数据源', token: 'demo-source-token', region: '510000' };

/** Creates what is missing. An account of the same name that somebody made for himself stays as it is and is not listed. */
export async function demoAccounts(store: Store): Promise<DemoAccount[]> {
  const names = people.map((each) => each.account);
  const rows = await store.query<{ name: string; demo: boolean }>(
    'select name, demo from account where name = any($1)',
    [names],
  );
  const there = new Map(rows.map((row) => [row.name, row.demo]));
  const missing = people.filter((each) => !there.has(each.account));
  await Promise.all(
    missing.map(async (each) =>
      store.query(
        `insert into account (name, display, password, role, region, hall, organ, department, demo, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, true, $9) on conflict (name) do nothing`,
        [
          each.account,
          each.name,
          await hashPassword(each.password),
          each.role,
          each.region,
          each.hall ?? null,
          each.organ ?? null,
          each.department ?? null,
          Date.now(),
        ],
      ),
    ),
  );
  return people
    .filter((each) => there.get(each.account) !== false)
    .map(({ role, account, password, name, place }) => ({ role, account, password, name, place }));
}

/** The source that the simulator posts as. Returns its token. */
export async function demoToken(store: Store): Promise<string> {
  const { id, name, token, region } = demoSource;
  await store.query(
    `insert into source (id, name, token_hash, region, demo, created_at) values ($1, $2, $3, $4, true, $5)
     on conflict (id) do update set name = excluded.name, token_hash = excluded.token_hash, region = excluded.region`,
    [id, name, createHash('sha256').update(token).digest(), region, Date.now()],
  );
  return token;
}
