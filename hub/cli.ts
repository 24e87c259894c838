/** The command line `hallwatch`. Results go to standard output, everything else to standard error; 0 well, 1 not well, 2 wrong use. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { HubError } from './model/error.ts';

const program = new Command('hallwatch')
  .description('Hallwatch 阳光巡查: real-time supervision and video patrol for government service halls')
  .showHelpAfterError('(hallwatch --help says more)')
  .exitOverride();

/** Ends the process with 1 when the work says that something is not well. */
const judged = async (work: Promise<boolean>): Promise<void> => {
  if (!(await work)) process.exitCode = 1;
};

program
  .command('up')
  .description('run the hub with the parts in ROLES until it is interrupted')
  .action(async () => (await import('./main.ts')).main());

program
  .command('seed')
  .argument('[dir]', 'folder of seed files; default: those of the project')
  .description('write reference data: regions, halls, windows, matters, rule packs, calendar')
  .option('--json', 'print the counts as JSON')
  .action(async (dir: string | undefined, flags: { json?: boolean }) => {
    const { seed, seedsFolder, withBackend } = await import('./cli/backend.ts');
    const { table } = await import('./cli/table.ts');
    const counts = await withBackend((ground) => seed(ground, dir ?? seedsFolder()));
    console.log(
      flags.json ? JSON.stringify(counts) : table(Object.entries(counts).map(([name, count]) => [name, String(count)])),
    );
  });

program
  .command('replay')
  .argument('<file>', 'CSV, XLSX or XES, or NDJSON of a dialect, also gzipped')
  .description('play a file of cases onto the log, through a mapping')
  .requiredOption('--mapping <file>', 'YAML that says which column is what, or which dialect it is')
  .option('--speed <n>', 'so many times real time, or max', speed, 'max')
  .option('--region <code>', "six digits; instead of the mapping's", region)
  .option('--refused <path>', 'file for rows that cannot be read; default: <file name>.refused.ndjson here')
  .option('--json', 'print the report as JSON')
  .action(async (file: string, flags) => judged((await import('./cli/replay.ts')).replayCommand(file, flags)));

program
  .command('poll')
  .description("read a department's PostgreSQL table onto the log, again and again, from where it stopped")
  .requiredOption('--mapping <file>', 'YAML with poll: table, key, …')
  .option('--url-file <file>', 'that holds the address of the database, which carries a password')
  .option('--url-stdin', 'read that address from standard input')
  .option('--region <code>', "six digits; instead of the mapping's", region)
  .option('--once', 'end when the table has nothing new')
  .action(async (flags) => (await import('./cli/poll.ts')).pollCommand(flags));

program
  .command('reconcile')
  .argument('<source>')
  .argument('<day>', 'YYYY-MM-DD: the day on which the events happened')
  .description('compare the archive with what a source says it sent of a day')
  .option('--expected <counts>', 'a total, or a CSV file with kind,count')
  .option('--keep', 'keep the expected counts for the page of the sources, which compares them again')
  .option('--json', 'print the result as JSON')
  .action(async (source: string, day: string, flags) =>
    judged((await import('./cli/reconcile.ts')).reconcileCommand(source, day, flags)),
  );

program
  .command('verify')
  .argument('[file]', 'an export of a ledger, which is checked without a hub')
  .description("walk the ledger's hash chain, and compare every file of evidence with its manifest and the ledger")
  .option('--region <code>', 'the chain of one region only', region)
  .option('--folder <path>', "a copied folder of evidence or of a released copy, instead of the hub's own")
  .option('--head <hash>', 'of the last entry of the file, as it was noted elsewhere')
  .option('--json', 'print the result as JSON')
  .action(async (file: string | undefined, flags) =>
    judged(
      file === undefined
        ? (await import('./cli/ledger.ts')).verifyCommand(flags)
        : (await import('./cli/verifyFile.ts')).verifyFileCommand(file, flags),
    ),
  );

program
  .command('draw')
  .description('which halls were drawn to be visited')
  .command('verify')
  .argument('<day>', 'YYYY-MM-DD', day)
  .description('recompute what was drawn on a day from its published seed')
  .option('--organ <id>', 'of one organ only')
  .option('--file <path>', 'the published data (GET /api/draws?day=), which is checked without a hub')
  .option('--json', 'print the result as JSON')
  .action(async (on: string, flags) => judged((await import('./cli/draw.ts')).verifyDrawCommand(on, flags)));

program
  .command('rebuild')
  .description('replay the archive of events into an empty database and compare every row')
  .option('--json', 'print the result as JSON')
  .action(async (flags) => judged((await import('./cli/ledger.ts')).rebuildCommand(flags)));

program
  .command('simulate')
  .description('play the invented working day to a running hub')
  .option('--speed <n>', 'so many times real time', factor, 1)
  .option('--seed <n>', 'another day', whole)
  .option('--address <url>', 'of the hub; default: the one that runs on DATA_DIR', address)
  .option('--token-stdin', 'read the token of a source from standard input')
  .action(async (flags) => (await import('./cli/simulate.ts')).simulateCommand(flags));

const agent = program
  .command('agent')
  .description('the front-end machine of a department: keeps its events and brings them to the hub')
  .requiredOption('--config <file>', 'YAML; ingest/agent/README.md shows one')
  .action(async (flags) => (await import('./cli/agent.ts')).agentCommand(flags));
agent
  .command('status')
  .description('ask the running agent how much waits and why')
  .option('--json', 'print the answer as JSON')
  .action(async (_flags, command: Command) =>
    judged((await import('./cli/agent.ts')).agentStatusCommand(command.optsWithGlobals())),
  );

const packs = program.command('packs').description('rule packs: the regions, as data');
packs
  .command('check')
  .argument('<file>', 'YAML')
  .description('name every mistake of a rule pack with its line')
  .action(async (file: string) => judged((await import('./cli/packs.ts')).checkPackFile(file)));

packs
  .command('try')
  .argument('<file>', 'YAML')
  .description('compare the signals of the history with what this pack would have given')
  .option('--from <day>', 'cases that came in from this day on; default: 30 days before', day)
  .option('--to <day>', 'what happened until the evening of this day; default: today', day)
  .option('--json')
  .action(async (file: string, flags) => judged((await import('./cli/packs.ts')).tryPackFile(file, flags)));

const account = program.command('account').description('people who may sign in');
account
  .command('add')
  .argument('<name>')
  .requiredOption(
    '--role <role>',
    'inspector, lineInspector, hallManager, administrator, postUser, cataloguer, establishmentOffice, legalOffice or overseer',
  )
  .requiredOption('--region <code>', 'everything below it is in scope', region)
  .option('--hall <id>', 'of a hall manager')
  .option(
    '--organ <id>',
    "of an inspector, default: the region's; of a line inspector the supervision body of a department",
  )
  .option('--department <id>', 'of a post user, who enters its cases by hand')
  .option('--display <name>', 'as shown to others')
  .option('--password-stdin', 'read the password from standard input')
  .action(async (name: string, flags) => (await import('./cli/people.ts')).addAccount(name, flags));
account
  .command('list')
  .option('--json')
  .action(async (flags: { json?: boolean }) => (await import('./cli/people.ts')).listAccounts(flags.json ?? false));
account
  .command('remove')
  .argument('<name>')
  .action(async (name: string) => (await import('./cli/people.ts')).removeAccount(name));

const source = program.command('source').description("departments' systems that may send events");
source
  .command('add')
  .argument('<id>')
  .requiredOption('--region <code>', 'it may send events of this region and below', region)
  .option('--name <text>', 'as shown to people')
  .action(async (id: string, flags) => (await import('./cli/people.ts')).addSource(id, flags));
source
  .command('list')
  .option('--json')
  .action(async (flags: { json?: boolean }) => (await import('./cli/people.ts')).listSources(flags.json ?? false));
source
  .command('remove')
  .argument('<id>')
  .action(async (id: string) => (await import('./cli/people.ts')).removeSource(id));
source
  .command('sign')
  .description('print the key with which a source signs from now on')
  .argument('<id>')
  .option('--off', 'the source need not sign any more')
  .action(async (id: string, flags: { off?: boolean }) => (await import('./cli/people.ts')).signSource(id, flags));

const camera = program
  .command('camera')
  .description('cameras: where their pictures come from, and whether they are on');
camera
  .command('list')
  .option('--region <code>', 'theirs and below', region)
  .option('--json')
  .action(async (flags) => (await import('./cli/cameras.ts')).listCamerasCommand(flags));
/** The ledger names the user of this machine as well. */
const forWhom = 'for whom it is done';
const recordOptions = (command: Command): Command =>
  command
    .option('--window <id>', 'that it looks at')
    .option('--name-en <text>', 'in English')
    .option('--address-stdin', 'read its address from standard input: rtsp://, http(s)://….m3u8 or ….flv, file:')
    .option('--sub-stdin', 'read the address of its sub-stream from the next line')
    .option('--push', 'an encoder pushes it by RTMP (PUSH_PORT); prints the key')
    .option('--transport <tcp|udp>', 'of RTSP')
    .option('--audio <reason>', 'its sound is carried, and why')
    .option('--recording <off|watched|always>', 'when it is recorded; watched where it was never said')
    .option('--by <name>', forWhom);
recordOptions(camera.command('add').argument('<id>'))
  .requiredOption('--hall <id>', 'where it hangs')
  .requiredOption('--name <text>', 'as shown to people')
  .action(async (id: string, flags) => (await import('./cli/cameras.ts')).addCameraCommand(id, flags));
recordOptions(camera.command('set').argument('<id>').description('change what is given'))
  .option('--hall <id>', 'where it hangs')
  .option('--name <text>', 'as shown to people')
  .option('--no-sub', 'it has no sub-stream any more')
  .option('--no-audio', 'its sound is not carried any more')
  .action(async (id: string, flags) => (await import('./cli/cameras.ts')).setCameraCommand(id, flags));
camera
  .command('key')
  .argument('<id>')
  .description('print a new key for the encoder that pushes it; the old one holds no more')
  .option('--by <name>', forWhom)
  .action(async (id: string, flags) => (await import('./cli/cameras.ts')).renewKeyCommand(id, flags));
camera
  .command('disable')
  .argument('<id>')
  .description('switch it off; the ledger keeps who did it and why')
  .requiredOption('--reason <text>', 'why')
  .option('--by <name>', forWhom)
  .action(async (id: string, flags) => (await import('./cli/cameras.ts')).switchCameraCommand(id, false, flags));
camera
  .command('enable')
  .argument('<id>')
  .option('--reason <text>', 'why')
  .option('--by <name>', forWhom)
  .action(async (id: string, flags) => (await import('./cli/cameras.ts')).switchCameraCommand(id, true, flags));

const cert = program.command('cert').description("an authority of one's own and the hub's certificate, for HTTPS");
const certFlags = (command: Command): Command =>
  command
    .option('--host <names...>', 'host names that people type')
    .option('--ip <addresses...>', 'addresses that people type')
    .option('--dir <folder>', 'where they are kept; default: tls in DATA_DIR')
    .option('--days <n>', 'how long the certificate is valid; at most and by default 397', whole)
    .option('--json');
certFlags(cert.command('make').description('make an authority (10 years, for these names only) and a certificate'))
  .option('--force', 'replace what is there: everybody must trust the new authority')
  .action(async (flags) => (await import('./cli/cert.ts')).makeCert(flags));
certFlags(cert.command('renew').description('make a new certificate under the same authority')).action(async (flags) =>
  (await import('./cli/cert.ts')).renewCert(flags),
);
cert
  .command('show')
  .description('show both; 1 when one ends within 30 days')
  .option('--dir <folder>', 'where they are kept; default: tls in DATA_DIR')
  .option('--json')
  .action(async (flags) => judged((await import('./cli/cert.ts')).showCert(flags)));

const contacts = program.command('contacts').description('who is told of a signal, and where');
contacts
  .command('import')
  .argument('<file>', 'CSV with the columns of an export')
  .description('write new and changed contacts; nothing is written when a cell is wrong')
  .requiredOption('--region <code>', 'theirs, or one above', region)
  .option('--replace', 'remove those of the region and below that the file does not name')
  .option('--json')
  .action(async (file: string, flags) => judged((await import('./cli/contacts.ts')).importContacts(file, flags)));
contacts
  .command('export')
  .argument('<file>', 'CSV to write')
  .requiredOption('--region <code>', 'theirs and below', region)
  .action(async (file: string, flags) => (await import('./cli/contacts.ts')).exportContacts(file, flags));

const matters = program.command('matters').description('the catalogue of matters, from the form to the frozen version');
matters
  .command('template')
  .argument('<file>', 'XLSX to write')
  .description('write the empty form with its instructions')
  .action(async (file: string) => (await import('./cli/matters.ts')).template(file));
matters
  .command('import')
  .argument('<file>', 'XLSX or CSV with the columns of the template')
  .description('make each row a draft; nothing is written when a cell is wrong')
  .requiredOption('--region <code>', 'that publishes them', region)
  .option('--dry-run', 'say what would happen')
  .option('--json')
  .action(async (file: string, flags) => judged((await import('./cli/matters.ts')).importMatters(file, flags)));
matters
  .command('list')
  .description('the newest version of each matter and how far it is')
  .requiredOption('--region <code>', 'that publishes them', region)
  .option('--json')
  .action(async (flags) => (await import('./cli/matters.ts')).listMatters(flags));
matters
  .command('submit')
  .argument('<codes...>')
  .requiredOption('--region <code>', 'that publishes them', region)
  .requiredOption('--by <name>', 'who does it')
  .action(async (codes: string[], flags) =>
    judged((await import('./cli/matters.ts')).turnMatters('submit', codes, flags)),
  );
matters
  .command('review')
  .argument('<codes...>')
  .description('approve the submitted versions, or give them back')
  .requiredOption('--region <code>', 'that publishes them', region)
  .requiredOption('--by <name>', 'who does it')
  .requiredOption('--office <office>', 'establishment (编办) or legal (法制办)')
  .option('--return <reason>', 'give them back instead')
  .action(async (codes: string[], flags) =>
    judged((await import('./cli/matters.ts')).turnMatters('review', codes, flags)),
  );
matters
  .command('freeze')
  .argument('<codes...>')
  .description('let the reviewed versions drive the clocks')
  .requiredOption('--region <code>', 'that publishes them', region)
  .requiredOption('--by <name>', 'who does it')
  .action(async (codes: string[], flags) =>
    judged((await import('./cli/matters.ts')).turnMatters('freeze', codes, flags)),
  );
matters
  .command('export')
  .argument('<file>', 'XLSX, or CSV by any other ending')
  .description('write the newest version of every matter; secret ones are left out')
  .requiredOption('--region <code>', 'that publishes them', region)
  .option('--frozen', 'frozen versions only')
  .action(async (file: string, flags) => (await import('./cli/matters.ts')).exportMatters(file, flags));
matters
  .command('diff')
  .argument('<code>')
  .argument('<from>', 'version', whole)
  .argument('<to>', 'version', whole)
  .requiredOption('--region <code>', 'that publishes it', region)
  .option('--json')
  .action(async (code: string, from: number, to: number, flags) =>
    judged((await import('./cli/matters.ts')).diffMatter(code, [from, to], flags)),
  );
matters
  .command('reconcile')
  .argument('<file>', 'the published list: XLSX or CSV with 事项编码 and other columns of the template')
  .description('what differs between the catalogue and the published list')
  .requiredOption('--region <code>', 'that publishes them', region)
  .option('--json')
  .action(async (file: string, flags) => judged((await import('./cli/matters.ts')).reconcileMatters(file, flags)));

function speed(text: string): number | 'max' {
  return text === 'max' ? 'max' : factor(text);
}

function factor(text: string): number {
  const number = Number(text);
  if (!(number > 0 && number <= 1e9)) throw new InvalidArgumentError('expected a number above 0.');
  return number;
}

function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a whole number.');
  return Number(text);
}

function day(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('expected YYYY-MM-DD.');
  return text;
}

function region(text: string): string {
  if (!/^\d{6}$/.test(text)) throw new InvalidArgumentError('expected six digits (GB/T 2260).');
  return text;
}

function address(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw new InvalidArgumentError('expected http://host:port.');
  return text;
}

// A reader of ours that ends early (`hallwatch … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(
      `${error instanceof HubError ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exitCode = 1;
  }
}
