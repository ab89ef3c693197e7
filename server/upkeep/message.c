/* SPDX-License-Identifier: Apache-2.0 */
/* message: see message.h. */
#include "upkeep/message.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/when.h"

/* --- addresses --- */

static bool
only(const char *from, const char *to, const char *allowed)
{
	return from < to && strspn(from, allowed) >= (size_t)(to - from);
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

int
mail_address_check(const char *text, struct err *err)
{
	const char *at = strchr(text, '@'), *end = text + strlen(text);

	/* RFC 5322 atext, and '.'; neither blanks nor quotes nor brackets nor anything beyond ASCII. */
	if (at && end - text < ALARM_MAIL_BYTES_MAX && at - text <= 64 &&
	    only(text, at, LETTERS DIGITS "!#$%&'*+-/=?^_`{|}~.") &&
	    only(at + 1, end, LETTERS DIGITS ".-") && text[0] != '-' && at[1] != '-' &&
	    at[1] != '.' && end[-1] != '.')
		return 0;
	err_set(err, ERR_USAGE, "that is no mail address");
	return err_hint(err, "write name@example.org");
}

int
webhook_check(const char *text, struct err *err)
{
	static const char scheme[] = "https://";
	size_t n = strlen(text);
	bool good = n < ALARM_WEBHOOK_BYTES_MAX && strncmp(text, scheme, sizeof scheme - 1) == 0 &&
		    n > sizeof scheme - 1 && text[sizeof scheme - 1] != '/';

	for (size_t i = 0; i < n; i++)
		good &= text[i] > ' ' && text[i] < 0x7f && !strchr("\"\\<>`", text[i]);
	if (good)
		return 0;
	err_set(err, ERR_USAGE, "that is no address of a webhook");
	return err_hint(err, "it begins with https://");
}

/* --- sentences --- */

struct short_id {
	char s[9];
};

static struct short_id
short_id(const struct id16 *id)
{
	struct short_id s;

	snprintf(s.s, sizeof s.s, "%.8s", id16_hex(id).s);
	return s;
}

/* "3 days", "12 hours": a length that nobody needs to the minute. */
static void
print_length(char out[static 48], uint32_t seconds)
{
	unsigned long days = (seconds + 43200) / 86400, hours = (seconds + 1800) / 3600;

	if (days >= 2)
		snprintf(out, 48, text_plural("%lu day", "%lu days", days), days);
	else if (hours >= 2)
		snprintf(out, 48, text_plural("%lu hour", "%lu hours", hours), hours);
	else
		snprintf(out, 48,
			 text_plural("%lu minute", "%lu minutes", (unsigned long)seconds / 60),
			 (unsigned long)seconds / 60);
}

static int
put_raised(struct buf *out, const struct catalog_alarm *a, struct err *err)
{
	char since[WHEN_TEXT_BYTES], length[48];
	struct short_id device = short_id(&a->device);

	switch (a->kind) {
	case ALARM_SILENCE:
		when_print(since, a->since_unix_ms / 1000 * 1000);
		print_length(length, a->number);
		return buf_append_fmt(
			out, err,
			_("Device %s has not come since %s. It had said that it would "
			  "come again within %s."),
			device.s, since, length);
	case ALARM_DRILL:
		return buf_append_fmt(
			out, err,
			_("Device %s tried whether its backup can be restored, and it "
			  "could not. Type `cloudbox drill` there."),
			device.s);
	case ALARM_QUOTA:
		return buf_append_fmt(out, err,
				      _("The account uses %u %% of its quota. When it is full, "
					"nothing more is saved; nothing that is saved goes."),
				      a->number);
	case ALARM_FILLS:
		return buf_append_fmt(
			out, err,
			text_plural(
				"The account's quota will be full in %u day if it goes on like "
				"this.",
				"The account's quota will be full in %u days if it goes on like "
				"this.",
				a->number),
			a->number);
	case ALARM_HOLD:
		return buf_append_fmt(
			out, err,
			text_plural(
				"Device %s: much was deleted in %u folder. The server keeps the "
				"old versions until you say that they may go.",
				"Device %s: much was deleted in %u folders. The server keeps the "
				"old versions until you say that they may go.",
				a->number),
			device.s, a->number);
	}
	return err_set(err, ERR_INTERNAL, "an alarm of an unknown kind");
}

static int
put_ended(struct buf *out, const struct catalog_alarm *a, struct err *err)
{
	struct short_id device = short_id(&a->device);
	char at[WHEN_TEXT_BYTES];

	when_print(at, a->ended_unix_ms / 1000 * 1000);
	switch (a->kind) {
	case ALARM_SILENCE:
		return buf_append_fmt(out, err, _("Device %s is back again since %s."), device.s,
				      at);
	case ALARM_DRILL:
		return buf_append_fmt(
			out, err, _("Device %s: what is saved can be restored again."), device.s);
	case ALARM_QUOTA:
		return buf_append_str(out, _("The account is well below its quota again."), err);
	case ALARM_FILLS:
		return buf_append_str(out, _("The account's quota will not be full soon any more."),
				      err);
	case ALARM_HOLD:
		return buf_append_fmt(out, err,
				      _("Device %s: nothing is held any more; old versions go when "
					"their time is over."),
				      device.s);
	}
	return err_set(err, ERR_INTERNAL, "an alarm of an unknown kind");
}

/* --- mail --- */

/* A head's line in UTF-8 as encoded words (RFC 2047), each within its 75 characters. */
static int
put_subject(struct buf *out, const char *text, struct err *err)
{
	size_t n = strlen(text);
	bool ascii = true;

	for (size_t i = 0; i < n; i++)
		ascii &= (text[i] & 0x80) == 0;
	if (ascii)
		return buf_append_fmt(out, err, "Subject: %s\r\n", text);
	if (buf_append_str(out, "Subject:", err) < 0)
		return -1;
	for (size_t i = 0, part; i < n; i += part) {
		char coded[80];

		part = n - i > 42 ? 42 : n - i;
		while (part > 1 && i + part < n && (text[i + part] & 0xc0) == 0x80)
			part--; /* whole characters only */
		sodium_bin2base64(coded, sizeof coded, (const uint8_t *)text + i, part,
				  sodium_base64_VARIANT_ORIGINAL);
		if (buf_append_fmt(out, err, "%s =?UTF-8?B?%s?=", i ? "\r\n" : "", coded) < 0)
			return -1;
	}
	return buf_append_str(out, "\r\n", err);
}

/* RFC 5322, 3.3: always in English. */
static int
put_date(struct buf *out, int64_t at_unix_ms, struct err *err)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t s = (time_t)(at_unix_ms / 1000);
	struct tm t;

	if (!gmtime_r(&s, &t))
		return err_set(err, ERR_INTERNAL, "the clock shows no date");
	return buf_append_fmt(out, err, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n",
			      days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900,
			      t.tm_hour, t.tm_min, t.tm_sec);
}

static int
put_head(struct buf *out, const struct message *m, const char *from, const char *to,
	 struct err *err)
{
	const struct catalog_delivery *first = m->deliveries, *last = first + m->n - 1;
	char subject[128];

	snprintf(subject, sizeof subject,
		 text_plural("Cloudbox: %lu notice about account %s",
			     "Cloudbox: %lu notices about account %s", (unsigned long)m->n),
		 (unsigned long)m->n, short_id(&first->alarm.account).s);
	if (put_date(out, m->now_unix_ms, err) < 0 ||
	    buf_append_fmt(out, err, "From: Cloudbox <%s>\r\nTo: <%s>\r\n", from, to) < 0 ||
	    put_subject(out, subject, err) < 0)
		return -1;
	return buf_append_fmt(out, err,
			      "Message-ID: <%s.%" PRId64 "-%" PRId64 ".%zu%s>\r\n"
			      "Auto-Submitted: auto-generated\r\n"
			      "MIME-Version: 1.0\r\n"
			      "Content-Type: text/plain; charset=utf-8\r\n"
			      "Content-Transfer-Encoding: base64\r\n\r\n",
			      short_id(&first->alarm.account).s, first->id, last->id, m->n,
			      strchr(from, '@'));
}

static int
put_text(struct buf *out, const struct message *m, struct err *err)
{
	if (buf_append_fmt(out, err, _("Account %s on %s:\n\n"),
			   short_id(&m->deliveries[0].alarm.account).s, m->server) < 0)
		return -1;
	for (size_t i = 0; i < m->n; i++) {
		const struct catalog_delivery *d = &m->deliveries[i];

		if (buf_append_str(out, "- ", err) < 0 ||
		    (d->ended ? put_ended : put_raised)(out, &d->alarm, err) < 0 ||
		    buf_append_str(out, "\n", err) < 0)
			return -1;
	}
	return buf_append_str(
		out,
		_("\nThis server can read none of what it keeps: it knows accounts and "
		  "devices by these numbers only. `cloudbox devices` shows them.\n"),
		err);
}

static int
put_base64_lines(struct buf *out, struct span s, struct err *err)
{
	for (; s.n; s = span_skip(s, s.n < 57 ? s.n : 57)) {
		char line[80];

		sodium_bin2base64(line, sizeof line, s.p, s.n < 57 ? s.n : 57,
				  sodium_base64_VARIANT_ORIGINAL);
		if (buf_append_fmt(out, err, "%s\r\n", line) < 0)
			return -1;
	}
	return 0;
}

int
message_mail(struct buf *out, const struct message *m, const char *from, const char *to,
	     struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(MESSAGE_BYTES_MAX);

	if (mail_address_check(from, err) < 0 || mail_address_check(to, err) < 0 ||
	    put_head(out, m, from, to, err) < 0 || put_text(&text, m, err) < 0)
		return -1;
	return put_base64_lines(out, buf_span(&text), err);
}

/* --- JSON --- */

const char *
alarm_kind_name(enum alarm_kind kind)
{
	switch (kind) {
	case ALARM_SILENCE:
		return "silence";
	case ALARM_DRILL:
		return "drill";
	case ALARM_QUOTA:
		return "quota";
	case ALARM_FILLS:
		return "fills";
	case ALARM_HOLD:
		return "hold";
	}
	return "unknown";
}

static int
add(struct json_object *o, const char *name, struct json_object *value, struct err *err)
{
	if (value && json_object_object_add(o, name, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

static int
add_text(struct json_object *o, const char *name, const char *text, struct err *err)
{
	return add(o, name, json_object_new_string(text), err);
}

static int
add_delivery(struct json_object *list, const struct catalog_delivery *d, struct err *err)
{
	struct json_object *o = json_object_new_object();
	const struct catalog_alarm *a = &d->alarm;
	char since[WHEN_TEXT_BYTES], at[WHEN_TEXT_BYTES];

	if (!o || json_object_array_add(list, o) != 0) {
		json_object_put(o);
		return err_nomem(err);
	}
	when_print(since, a->since_unix_ms);
	when_print(at, d->ended ? a->ended_unix_ms : a->raised_unix_ms);
	if (add(o, "id", json_object_new_int64(d->id), err) < 0 ||
	    add(o, "alarm", json_object_new_int64(a->id), err) < 0 ||
	    add_text(o, "kind", alarm_kind_name(a->kind), err) < 0 ||
	    add_text(o, "event", d->ended ? "ended" : "raised", err) < 0 ||
	    (!id16_is_zero(&a->device) && add_text(o, "device", short_id(&a->device).s, err) < 0) ||
	    add_text(o, "since", since, err) < 0 || add_text(o, "at", at, err) < 0)
		return -1;
	return add(o, "number", json_object_new_int64(a->number), err);
}

static int
fill_json(struct json_object *doc, const struct message *m, struct err *err)
{
	struct json_object *list = json_object_new_array();

	if (add(doc, "alarms", list, err) < 0 ||
	    add_text(doc, "account", short_id(&m->deliveries[0].alarm.account).s, err) < 0 ||
	    add_text(doc, "server", m->server, err) < 0)
		return -1;
	for (size_t i = 0; i < m->n; i++)
		if (add_delivery(list, &m->deliveries[i], err) < 0)
			return -1;
	return 0;
}

int
message_json(struct buf *out, const struct message *m, struct err *err)
{
	struct json_object *doc = json_object_new_object();
	int rc;

	if (!doc)
		return err_nomem(err);
	rc = fill_json(doc, m, err);
	if (rc == 0) {
		const char *text = json_object_to_json_string_ext(
			doc, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
		rc = text ? buf_append_str(out, text, err) : err_nomem(err);
	}
	json_object_put(doc);
	return rc;
}
