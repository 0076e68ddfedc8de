/* Reads calendars from stdin, a NUL after each; prints for each what libical finds wrong with it, then its start and end
   as seconds since 1970. */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int judge(const char *text)
{
    icalcomponent *calendar = icalparser_parse_string(text);
    if (!calendar) return 2;
    int kept = icalrestriction_check(calendar);
    complain(calendar);
    if (!kept) puts("error a restriction is broken");
    icalcomponent *entry = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
    if (!entry) return 3;
    printf("%lld %lld\n", seconds(icalcomponent_get_dtstart(entry)), seconds(icalcomponent_get_dtend(entry)));
    icalcomponent_free(calendar);
    return 0;
}

int main(void)
{
    size_t length = 0, room = 1 << 20, got;
    char *text = malloc(room + 1);
    while ((got = fread(text + length, 1, room - length, stdin)) > 0)
        if ((length += got) == room && !(text = realloc(text, (room *= 2) + 1))) return 4;
    text[length] = 0;
    for (char *each = text; each < text + length; each += strlen(each) + 1) {
        int fault = judge(each);
        if (fault) return fault;
    }
    free(text);
    return 0;
}
