/* SPDX-License-Identifier: Apache-2.0 */
/* journal: see journal.h. */
#include "api/journal.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/when.h"
#include "os/os.h"

/* One call of fprintf(), so that lines of threads stay whole. */
static void
journal_args(const char *fmt, va_list args)
{
	char at[WHEN_TEXT_BYTES];
	char line[1024];

	when_print(at, os->now_unix_ms());
	vsnprintf(line, sizeof line, fmt, args);
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
