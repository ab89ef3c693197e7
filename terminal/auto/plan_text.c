/* SPDX-License-Identifier: Apache-2.0 */
/* plan_text: parts of a plan as people write them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auto/plan_internal.h"
#include "base/when.h"

#define DAY_MIN 1440

static const char *const modes[] = { "off", "selected", "all" };

const char *
auto_mode_name(enum auto_mode mode)
{
	return modes[mode];
}

int
auto_plan_parse_mode(struct auto_plan *p, const char *text, struct err *err)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (strcmp(text, modes[i]) == 0) {
			p->mode = (enum auto_mode)i;
			return 0;
		}
	err_set(err, ERR_USAGE, "%s is no mode", text);
	return err_hint(err, "off, selected or all");
}

void
plan_print_mode(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p)
{
	snprintf(out, PLAN_TEXT_BYTES, "%s", modes[p->mode]);
}

static int
parse_duration(int64_t *ms, const char *option, const char *text, struct err *err)
{
	if (duration_parse(ms, span_str(text), err) < 0) {
		err->code = ERR_USAGE; /* on a command line it is a word of it */
		return err_wrap(err, "%s", option);
	}
	return 0;
}

int
auto_plan_parse_every(struct auto_plan *p, const char *text, struct err *err)
{
	if (parse_duration(&p->every_ms, "--every", text, err) < 0)
		return -1;
	if (p->every_ms >= PLAN_EVERY_MIN_MS)
		return 0;
	err_set(err, ERR_USAGE, "--every takes a minute (1m) or more");
	return err_hint(err, "such as 6h; without it a backup follows each change");
}

void
auto_plan_print_every(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p)
{
	duration_print(out, p->every_ms);
}

int
auto_plan_parse_keep_originals(struct auto_plan *p, const char *text, struct err *err)
{
	if (parse_duration(&p->keep_originals_ms, "--keep-originals", text, err) < 0)
		return -1;
	if (p->keep_originals_ms >= PLAN_EVERY_MIN_MS)
		return 0;
	err_set(err, ERR_USAGE, "--keep-originals takes a minute (1m) or more");
	return err_hint(err, "such as 90d");
}

void
auto_plan_print_keep_originals(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p)
{
	duration_print(out, p->keep_originals_ms);
}

/* "02:30" of @n bytes.  False: it is none. */
static bool
time_of_day(int *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
			return false;
	if (n != 5)
		return false;
	int hours = (text[0] - '0') * 10 + text[1] - '0';
	int minutes = (text[3] - '0') * 10 + text[4] - '0';
	if (hours > 23 || minutes > 59)
		return false;
	*out = hours * 60 + minutes;
	return true;
}

int
auto_plan_parse_at(struct auto_plan *p, const char *text, struct err *err)
{
	if (time_of_day(&p->at, text, strlen(text)))
		return 0;
	err_set(err, ERR_USAGE, "--at: %s is no time of day", text);
	return err_hint(err, "such as 02:30, from 00:00 to 23:59");
}

void
auto_plan_print_at(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p)
{
	out[0] = '\0';
	if (p->at >= 0)
		snprintf(out, PLAN_TEXT_BYTES, "%02d:%02d", p->at / 60, p->at % 60);
}

int
auto_plan_parse_between(struct auto_plan *p, const char *text, struct err *err)
{
	size_t n = strcspn(text, "-");

	if (text[n] && time_of_day(&p->from, text, n) &&
	    time_of_day(&p->until, text + n + 1, strlen(text + n + 1)) && p->from != p->until)
		return 0;
	err_set(err, ERR_USAGE, "--between: %s are no hours", text);
	return err_hint(err, "two different times of day, such as 22:00-07:00");
}

void
auto_plan_print_between(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p)
{
	out[0] = '\0';
	if (p->from >= 0)
		snprintf(out, PLAN_TEXT_BYTES, "%02d:%02d-%02d:%02d", p->from / 60, p->from % 60,
			 p->until / 60, p->until % 60);
}

/* "battery>20" of @n bytes. */
static bool
battery(unsigned *out, const char *text, size_t n)
{
	static const char head[] = "battery>";
	size_t at = sizeof head - 1;
	unsigned percent = 0;

	if (n <= at || n > at + 3 || memcmp(text, head, at) != 0)
		return false;
	for (; at < n; at++) {
		if (text[at] < '0' || text[at] > '9')
			return false;
		percent = percent * 10 + (unsigned)(text[at] - '0');
	}
	*out = percent;
	return percent >= 1 && percent <= 99;
}

static bool
word(const char *text, size_t n, const char *what)
{
	return n == strlen(what) && memcmp(text, what, n) == 0;
}

int
auto_plan_parse_only_on(struct auto_plan *p, const char *text, struct err *err)
{
	for (const char *at = text;; at++) {
		size_t n = strcspn(at, ",");

		if (word(at, n, "unmetered"))
			p->unmetered = true;
		else if (word(at, n, "charging"))
			p->charging = true;
		else if (!battery(&p->battery_above, at, n)) {
			err_set(err, ERR_USAGE, "--only-on: %.*s is no condition", (int)n, at);
			return err_hint(err, "unmetered, charging, battery>20 (1 to 99), several "
					     "joined by commas, in quotes because of the >");
		}
		at += n;
		if (!*at)
			return 0;
	}
}

void
auto_plan_print_only_on(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p)
{
	char percent[24] = "";

	if (p->battery_above)
		snprintf(percent, sizeof percent, ",battery>%u", p->battery_above);
	snprintf(out, PLAN_TEXT_BYTES, "%s%s%s", p->unmetered ? ",unmetered" : "",
		 p->charging ? ",charging" : "", percent);
	memmove(out, out + (out[0] == ','), strlen(out + (out[0] == ',')) + 1);
}

/* "30M". */
static int
parse_bytes(uint64_t *out, const char *option, const char *text, struct err *err)
{
	static const struct {
		const char *unit;
		uint64_t bytes;
	} units[] = { { "", 1 }, { "k", 1000 }, { "M", 1000000 }, { "G", 1000000000 } };
	const uint64_t limit = UINT64_C(1000000) * 1000000000;
	uint64_t value = 0;
	size_t i = 0;

	for (; text[i] >= '0' && text[i] <= '9' && value < limit; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	for (size_t u = 0; i && value && u < sizeof units / sizeof *units; u++)
		if (strcmp(text + i, units[u].unit) == 0 && value <= limit / units[u].bytes) {
			*out = value * units[u].bytes;
			return 0;
		}
	err_set(err, ERR_USAGE, "%s: %s is no number of bytes", option, text);
	return err_hint(err, "such as 30M; k, M and G are 1000, a million and 1000 million bytes");
}

int
auto_plan_parse_budget(struct auto_plan *p, const char *text, struct err *err)
{
	return parse_bytes(&p->budget_bytes, "--budget", text, err);
}

int
auto_plan_parse_rate(struct auto_plan *p, const char *text, struct err *err)
{
	return parse_bytes(&p->rate_bytes_s, "--rate", text, err);
}

static void
print_bytes(char out[static PLAN_TEXT_BYTES], uint64_t bytes)
{
	out[0] = '\0';
	if (bytes)
		snprintf(out, PLAN_TEXT_BYTES, "%" PRIu64, bytes);
}

void
plan_print_budget(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p)
{
	print_bytes(out, p->budget_bytes);
}

void
plan_print_rate(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p)
{
	print_bytes(out, p->rate_bytes_s);
}
