/* SPDX-License-Identifier: Apache-2.0 */
/* journal: see journal.h. */
#include "api/journal.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/when.h"
#include "os/os.h"

void
journal(const char *fmt, ...)
{
	char at[WHEN_TEXT_BYTES];
	char line[1024];
	va_list args;

	when_print(at, os->now_unix_ms());
	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	fprintf(stderr, "%s %s\n", at, line); /* one call, so that lines of threads stay whole */
}
