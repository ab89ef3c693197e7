/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property_ical: the table of what stands in an event, a task or a memo, and in their alarms: RFC 5545,
 * 7986, 9073, 9074, and what programs write.  Sorted by name, as strcmp() does (a test looks).
 *
 * SINGLE: RFC 5545's "MUST NOT occur more than once" (3.6.1 to 3.6.3), and what programs have once.
 * An event has one end, as DTEND or as a DURATION, a task one as DUE or as a DURATION: they share
 * the place.  VOLATILE: a program's own bookkeeping.
 */
#include "item/property.h"

#define SINGLE    FIELD_SINGLE
#define VOLATILE  FIELD_VOLATILE
#define IDENTITY  FIELD_IDENTITY
#define STRUCTURE FIELD_STRUCTURE
#define TIME      FIELD_TIME

#define P(name, kind, flags)                                                                       \
	{                                                                                          \
		name, PROPERTY_##kind, flags, 0, NULL, NULL                                        \
	}
#define SAME(name, kind, flags, means)                                                             \
	{                                                                                          \
		name, PROPERTY_##kind, flags, 0, means, NULL                                       \
	}

/* clang-format off */
static const struct property calendar[] = {
	P("ACKNOWLEDGED", INSTANT, VOLATILE), /* RFC 9074: when an alarm was dismissed */
	P("ACTION", TEXT, SINGLE),
	P("ATTACH", BINARY, 0),
	P("ATTENDEE", EMAIL, 0),
	P("BEGIN", TEXT, STRUCTURE),
	P("CATEGORIES", LIST, 0),
	P("CLASS", TEXT, SINGLE),
	P("COLOR", TEXT, SINGLE), /* RFC 7986 */
	P("COMMENT", TEXT, 0),
	P("COMPLETED", INSTANT, SINGLE),
	P("CONCEPT", URL, 0), /* RFC 9253 */
	P("CONFERENCE", URL, 0), /* RFC 7986 */
	P("CONTACT", TEXT, 0),
	P("CREATED", INSTANT, VOLATILE),
	P("DESCRIPTION", TEXT, SINGLE),
	P("DTEND", INSTANT, SINGLE | TIME),
	P("DTSTAMP", INSTANT, VOLATILE),
	P("DTSTART", INSTANT, SINGLE | TIME),
	SAME("DUE", INSTANT, SINGLE | TIME, "DTEND"),
	SAME("DURATION", TEXT, SINGLE | TIME, "DTEND"),
	P("END", TEXT, STRUCTURE),
	P("EXDATE", INSTANTS, 0),
	P("EXRULE", RULE, 0), /* RFC 2445 */
	P("GEO", GEO, SINGLE),
	P("IMAGE", BINARY, 0), /* RFC 7986 */
	P("LAST-MODIFIED", INSTANT, VOLATILE),
	P("LINK", URL, 0), /* RFC 9253 */
	P("LOCATION", TEXT, SINGLE),
	P("ORGANIZER", EMAIL, SINGLE),
	P("PERCENT-COMPLETE", TEXT, SINGLE),
	P("PRIORITY", TEXT, SINGLE),
	P("PRODID", TEXT, VOLATILE),
	P("PROXIMITY", TEXT, SINGLE), /* RFC 9074 */
	P("RDATE", INSTANTS, 0),
	P("RECURRENCE-ID", INSTANT, IDENTITY),
	P("RELATED-TO", TEXT, 0),
	P("REPEAT", TEXT, SINGLE),
	P("REQUEST-STATUS", EXACT, VOLATILE),
	P("RESOURCES", LIST, 0),
	P("RRULE", RULE, SINGLE),
	P("SEQUENCE", TEXT, VOLATILE),
	P("STATUS", TEXT, SINGLE),
	P("SUMMARY", TEXT, SINGLE),
	P("TRANSP", TEXT, SINGLE),
	P("TRIGGER", TRIGGER, SINGLE),
	P("TZID", TEXT, 0), /* of a VTIMEZONE */
	P("UID", TEXT, IDENTITY),
	P("URL", URL, SINGLE),
	P("VALARM", COMPONENT, FIELD_WITH_TIMES),
	P("VERSION", TEXT, STRUCTURE),
	P("VTIMEZONE", COMPONENT, VOLATILE), /* behind the item: what its TZIDs mean */
	P("X-APPLE-TRAVEL-ADVISORY-BEHAVIOR", EXACT, SINGLE),
	P("X-CLOUDBOX-RAW", EXACT, VOLATILE), /* what an app cannot keep otherwise */
	P("X-EVOLUTION-ALARM-UID", EXACT, VOLATILE),
	P("X-EVOLUTION-CALDAV-ETAG", EXACT, VOLATILE),
	P("X-EVOLUTION-CALDAV-HREF", EXACT, VOLATILE),
	P("X-EVOLUTION-ENDDATE", EXACT, VOLATILE),
	P("X-EVOLUTION-WEBDAV-ETAG", EXACT, VOLATILE),
	P("X-EVOLUTION-WEBDAV-HREF", EXACT, VOLATILE),
	P("X-LIC-ERROR", EXACT, VOLATILE),
	P("X-MICROSOFT-CDO-ALLDAYEVENT", EXACT, SINGLE),
	P("X-MICROSOFT-CDO-APPT-SEQUENCE", EXACT, VOLATILE),
	P("X-MICROSOFT-CDO-BUSYSTATUS", EXACT, SINGLE),
	P("X-MICROSOFT-CDO-IMPORTANCE", EXACT, SINGLE),
	P("X-MICROSOFT-CDO-INSTTYPE", EXACT, SINGLE),
	P("X-MICROSOFT-CDO-INTENDEDSTATUS", EXACT, SINGLE),
	P("X-MICROSOFT-CDO-OWNERAPPTID", EXACT, VOLATILE),
	P("X-MICROSOFT-DISALLOW-COUNTER", EXACT, SINGLE),
	P("X-MOZ-GENERATION", EXACT, VOLATILE),
	P("X-MOZ-LASTACK", EXACT, VOLATILE),
	P("X-MOZ-SNOOZE-TIME", EXACT, VOLATILE),
	P("X-WR-ALARMUID", EXACT, VOLATILE),
};
/* clang-format on */

const struct property *
property_in_calendar(struct span name, struct properties *table)
{
	static const struct property unknown = { NULL, PROPERTY_EXACT, 0, 0, NULL, NULL };
	const struct properties all = { calendar, sizeof calendar / sizeof *calendar };
	const struct property *p = property_find(all, name);

	if (table)
		*table = all;
	return p ? p : &unknown;
}
