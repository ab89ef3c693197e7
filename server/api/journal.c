/* SPDX-License-Identifier: Apache-2.0 */
/* journal: see journal.h. */
#include "api/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "os/os.h"

#define LINE_BYTES 1024

static bool as_json;

void
journal_as_json(bool yes)
{
	as_json = yes;
}

/* A JSON string without its quotes; what does not fit is cut off. */
static void
escape(char *out, size_t n, const char *text)
{
	size_t at = 0;

	for (; *text && at + 7 < n; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			out[at++] = '\\';
		if (c < 0x20)
			at += (size_t)snprintf(out + at, n - at, "\\u%04x", c);
		else
			out[at++] = (char)c;
	}
	out[at] = '\0';
}

/* One call of fprintf(), so that lines of threads stay whole.  The part of the program is what stands
 * before the first colon. */
static void
write_json(const char *at, const char *line)
{
	char part[64] = "server", text[2 * LINE_BYTES];
	size_t n = strcspn(line, ":");

	if (line[n] && n < sizeof part &&
	    strspn(line, "abcdefghijklmnopqrstuvwxyz/0123456789") == n) {
		snprintf(part, sizeof part, "%.*s", (int)n, line);
		line += n + 1;
		line += strspn(line, " ");
	}
	escape(text, sizeof text, line);
	fprintf(stderr, "{\"time\":\"%s\",\"part\":\"%s\",\"message\":\"%s\"}\n", at, part, text);
}

static void
journal_args(const char *fmt, va_list args)
{
	char at[WHEN_TEXT_BYTES];
	char line[LINE_BYTES];

	when_print(at, os->now_unix_ms());
	vsnprintf(line, sizeof line, fmt, args);
	if (as_json)
		write_json(at, line);
	else
		fprintf(stderr, "%s %s\n", at, line);
}

void
journal(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	journal_args(fmt, args);
	va_end(args);
}
