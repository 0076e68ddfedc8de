/* Reads a calendar from stdin; prints what libical finds wrong with it, then start and end as seconds since 1970. */
#include <libical/ical.h>
#include <stdio.h>

static void complain(icalcomponent *part)
{
    icalproperty *error = icalcomponent_get_first_property(part, ICAL_XLICERROR_PROPERTY);
    for (; error; error = icalcomponent_get_next_property(part, ICAL_XLICERROR_PROPERTY))
        printf("error %s\n", icalproperty_get_xlicerror(error));
    icalcomponent *inner = icalcomponent_get_first_component(part, ICAL_ANY_COMPONENT);
    for (; inner; inner = icalcomponent_get_next_component(part, ICAL_ANY_COMPONENT))
        complain(inner);
}

static long long seconds(struct icaltimetype t)
{
    return (long long)icaltime_as_timet_with_zone(t, icaltime_get_timezone(t));
}

int main(void)
{
    static char text[1 << 20];
    text[fread(text, 1, sizeof text - 1, stdin)] = 0;
    icalcomponent *calendar = icalparser_parse_string(text);
    if (!calendar) return 2;
    int kept = icalrestriction_check(calendar);
    complain(calendar);
    if (!kept) puts("error a restriction is broken");
    icalcomponent *entry = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
    if (entry) printf("%lld %lld\n", seconds(icalcomponent_get_dtstart(entry)), seconds(icalcomponent_get_dtend(entry)));
    icalcomponent_free(calendar);
    return 0;
}
