/**
 * What travels between administration and its pages. Places need `place.manage`, accounts `account.manage` (administrator), in the
 * own region and below. A wrong field is a 400 that names it, a wrong state a 409; everything done stands in the ledger.
 *
 *   GET    /api/admin/places/:kind?region=&hall=&text=&after= → PlacePage (kind: region, organ, department, hall, window)
 *   POST   /api/admin/places/:kind {form}         → PlaceLine
 *   POST   /api/admin/places/:kind/:id {changes}  → PlaceLine; `closedFrom` closes it from a day on, null opens it again;
 *                                                 a wider line waits for an overseer (confirmation.ts)
 *   GET    /api/admin/accounts?region=&role=&state=&text=&after= → AccountPage
 *   POST   /api/admin/accounts {form}             → AccountGiven: its one-time password, shown this once
 *   POST   /api/admin/accounts/:account {changes} → AccountLine
 *   POST   /api/admin/accounts/:account/lock {reason}, unlock, end-sessions, review → AccountLine
 *   POST   /api/admin/accounts/:account/password  → AccountGiven
 *   POST   /api/account/password {present, next}  → {}; everybody their own, also before the first password was changed
 *   GET    /api/admin/calendar?year=&region=      → CalendarYear
 *   GET    /api/admin/closures/effect?region=&day= → {cases}: open cases whose deadlines lie behind the day
 *   POST   /api/admin/closures {region, day, working, name} → {cases}; a future day
 *   DELETE /api/admin/closures/:region/:day       → {cases}; a future day
 *   GET    /api/admin/contacts?region=&text=&after= → ContactPage
 *   POST   /api/admin/contacts {form}; /:id {form} → Contact; DELETE /:id → {}
 */
import type { Awaiting, LineAsked, NamedDepartment } from './confirmation.ts';
import type { Contact } from './contact.ts';
import type { Permission, Role } from './rights.ts';
import type { Named } from './world.ts';

/** An organ, a hall, a window …: fields of other kinds are absent. */
export interface PlaceLine extends Named {
  id: string;
  region: string;
  level?: 'province' | 'city' | 'county';
  hall?: string;
  number?: string;
  department?: string;
  departmentName?: string;
  departmentNameEn?: string;
  /** Of the supervision body of a department (SC-15): its line. */
  departments?: string[];
  line?: NamedDepartment[];
  /** A wider line that was asked for it, and what became of that. */
  asked?: LineAsked;
  staff?: string;
  /** Minutes after midnight. */
  opens?: number;
  closes?: number;
  complaintPhone?: string;
  boardNote?: string;
  boardNoteEn?: string;
  /** From this day on it is no longer there. */
  closedFrom?: string;
  /** What belongs to it and is open. */
  halls?: number;
  windows?: number;
  accounts?: number;
  /** Those of a window; of a hall how many there are. */
  cameras?: (Named & { id: string; enabled: boolean })[];
  cameraCount?: number;
}

export interface PlacePage {
  items: PlaceLine[];
  /** `after` of the next page. */
  next?: string;
}

export interface AccountLine {
  account: string;
  name: string;
  role: Role;
  region: string;
  hall?: string;
  organ?: string;
  department?: string;
  /** The hall, the organ or the department it is bound to. */
  placeName?: string;
  placeNameEn?: string;
  permissions: Permission[];
  createdAt: number;
  /** When it last asked for anything. */
  lastAt?: number;
  sessions: number;
  lockedAt?: number;
  lockedReason?: string;
  /** It still has the password that an administrator gave. */
  mustChange: boolean;
  /** Of the demonstration. */
  demo: boolean;
  reviewedAt?: number;
  reviewedBy?: string;
  reviewDueAt: number;
  /** It opens nothing until an overseer has confirmed this. */
  awaiting?: Awaiting;
  /** It is the account of who asks: nobody changes their own rights. */
  isOwn: boolean;
}

export interface AccountPage {
  items: AccountLine[];
  next?: string;
  /** Of all that the person may see: how many there are, are locked, have a review that is due … */
  total: number;
  locked: number;
  due: number;
  /** Opens nothing because nobody has confirmed it. */
  awaiting: number;
}

/** `password` is shown this once. */
export interface AccountGiven {
  line: AccountLine;
  password: string;
}

export interface CalendarYear {
  year: number;
  /** The State Council has published it; until then weekends alone are known. */
  published: boolean;
  /** Published years, for choosing. */
  years: number[];
  days: { day: string; working: boolean; name: string }[];
  /** Closed and opened days of the region and of those above it. */
  closures: { region: string; regionName: string; day: string; working: boolean; name: string; isOwn: boolean }[];
  today: string;
}

export interface ContactPage {
  items: (Contact & { placeName?: string; placeNameEn?: string })[];
  next?: string;
}
