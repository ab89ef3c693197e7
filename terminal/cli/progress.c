/* SPDX-License-Identifier: Apache-2.0 */
/* progress: see progress.h. */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/show.h"
#include "os/os.h"

#define EVERY_MS      100
#define TELL_AFTER_MS 1000 /* a rate over less is noise */

void
progress_begin(struct progress *p, bool shown)
{
	*p = (struct progress){ .shown = shown, .began_ms = shown ? os->uptime_ms() : 0 };
}

static void
add(char *out, unsigned long cap, const char *what)
{
	size_t n = strlen(out);

	snprintf(out + n, cap - n, "%s%s", n ? "  " : "", what);
}

void
progress_line(char *out, unsigned long cap, const struct progress_state *s, int64_t elapsed_ms)
{
	char part[160];

	out[0] = '\0';
	add(out, cap, s->what);
	if (s->items_total) {
		snprintf(part, sizeof part, _("%s of %s items"), show_count(s->items_done).s,
			 show_count(s->items_total).s);
		add(out, cap, part);
	}
	if (s->bytes_total) {
		snprintf(part, sizeof part, _("%s of %s"), show_bytes(s->bytes_done).s,
			 show_bytes(s->bytes_total).s);
		add(out, cap, part);
	} else if (s->bytes_done) {
		add(out, cap, show_bytes(s->bytes_done).s);
	}
	if (elapsed_ms < TELL_AFTER_MS || !s->bytes_done)
		return;
	double rate = (double)s->bytes_done * 1000 / (double)elapsed_ms;

	snprintf(part, sizeof part, _("%s/s"), show_bytes((uint64_t)rate).s);
	add(out, cap, part);
	if (s->bytes_total > s->bytes_done && rate >= 1) {
		double left_ms = (double)(s->bytes_total - s->bytes_done) * 1000 / rate;

		snprintf(part, sizeof part, _("%s left"), show_duration((int64_t)left_ms).s);
		add(out, cap, part);
	}
}

void
progress_update(struct progress *p, const struct progress_state *s)
{
	char line[512];

	if (!p->shown)
		return;
	int64_t now_ms = os->uptime_ms();
	if (p->last_ms && now_ms - p->last_ms < EVERY_MS)
		return;
	p->last_ms = now_ms;
	if (!s->bytes_done)
		p->began_ms = now_ms;
	progress_line(line, sizeof line, s, now_ms - p->began_ms);
	fprintf(stderr, "\r%s\033[K", line);
	fflush(stderr);
}

void
progress_end(struct progress *p)
{
	if (p->last_ms)
		fputs("\r\033[K", stderr);
	p->last_ms = 0;
}
