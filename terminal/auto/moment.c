/* SPDX-License-Identifier: Apache-2.0 */
/* moment: see moment.h. */
#include "auto/moment.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/auto.h"
#include "os/os.h"

#define MS_MAX INT64_C(253402300799999) /* the end of the year 9999: sums stay within 64 bits */

/* 36 characters, a new random one at each start of the kernel: random(4). */
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* Its first 16 hex digits are random enough to tell a machine's starts apart.  0: there is none. */
static uint64_t
boot_now(void)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(64);
	uint64_t boot = 0;
	unsigned digits = 0;

	if (os_read_file(AT_FDCWD, BOOT_ID, &text, NULL) < 0)
		return 0;
	for (const char *p = buf_str(&text); *p && digits < 16; p++) {
		static const char hex[] = "0123456789abcdef";
		const char *at = strchr(hex, *p);

		if (!at)
			continue;
		boot = boot << 4 | (uint64_t)(at - hex);
		digits++;
	}
	return boot;
}

struct moment
moment_now(void)
{
	return (struct moment){
		.unix_ms = os->now_unix_ms(),
		.up_ms = os->uptime_ms(),
		.boot = boot_now(),
	};
}

static bool
same_start(const struct moment *then, const struct moment *now)
{
	return then->boot && then->boot == now->boot && then->up_ms <= now->up_ms;
}

int64_t
moment_unix_ms(const struct moment *then, const struct moment *now)
{
	if (!then->unix_ms)
		return 0;
	if (same_start(then, now))
		return now->unix_ms - (now->up_ms - then->up_ms);
	return then->unix_ms <= now->unix_ms ? then->unix_ms : 0;
}

void
moment_print(char out[static MOMENT_TEXT_BYTES], const struct moment *m)
{
	snprintf(out, MOMENT_TEXT_BYTES, "%" PRId64 " %" PRId64 " %016" PRIx64, m->unix_ms,
		 m->up_ms, m->boot);
}

bool
moment_parse(struct moment *out, const char *text)
{
	struct moment m;
	int end = 0;

	*out = (struct moment){ 0 };
	if (sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNx64 "%n", &m.unix_ms, &m.up_ms, &m.boot,
		   &end) != 3 ||
	    text[end] || m.unix_ms < 0 || m.unix_ms > MS_MAX || m.up_ms < 0 || m.up_ms > MS_MAX)
		return false;
	*out = m;
	return true;
}
