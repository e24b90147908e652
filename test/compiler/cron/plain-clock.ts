/** Whole hours, half and quarter ones, jumps at midnight, of half an hour and of two, backwards in winter. */
export const ZONES = [
  'UTC',
  'Europe/Rome',
  'Europe/Dublin',
  'America/New_York',
  'America/Santiago',
  'America/St_Johns',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'Antarctica/Troll',
  'Antarctica/Casey',
  'Pacific/Apia',
  'Pacific/Chatham',
];

const formats = new Map<string, Intl.DateTimeFormat>();

/** What a clock on the wall shows: minute, hour, day, month and weekday, and all of it as if it were UTC. Knows nothing of offsets. */
export function localFields(
  zone: string,
  ms: number,
): { readonly fields: readonly number[]; readonly local: number } {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  formats.set(zone, format);
  const [day = 1, month = 1, year = 0, hour = 0, minute = 0, second = 0] = format
    .formatToParts(ms)
    .filter(({ type }) => type !== 'literal')
    .map(({ value }) => Number(value));
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  return { fields: [minute, hour, day, month, new Date(local).getUTCDay()], local };
}
