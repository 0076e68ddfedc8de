// Reads calendars from stdin, a NUL after each, with ical.js, whose file is the first argument; prints for each start and
// end as seconds since 1970.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { default: ICAL } = await import(pathToFileURL(process.argv[2]));
ICAL.design.strict = true;
for (const text of readFileSync(0, "utf8").split("\0").slice(0, -1)) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  ICAL.TimezoneService.reset();
  for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  const entries = calendar.getAllSubcomponents("vevent").map((each) => new ICAL.Event(each));
  if (!entries.length) throw new Error("no VEVENT");
  console.log(entries[0].startDate.toUnixTime(), entries[0].endDate.toUnixTime());
}
