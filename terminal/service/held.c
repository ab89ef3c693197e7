/* SPDX-License-Identifier: Apache-2.0 */
/* held: see held.h. */
#include "service/held.h"

#include <stddef.h>

static void
wipe(struct held *h)
{
	account_session_free(h->session);
	*h = (struct held){ 0 };
}

void
held_put(struct held *h, struct account_session *session, int64_t now_ms)
{
	wipe(h);
	h->session = session;
	h->until_ms = now_ms + HELD_MS;
}

const struct account_session *
held_get(struct held *h, int64_t now_ms)
{
	if (h->session && now_ms >= h->until_ms)
		wipe(h);
	return h->session;
}

int64_t
held_left_ms(struct held *h, int64_t now_ms)
{
	return held_get(h, now_ms) ? h->until_ms - now_ms : 0;
}

bool
held_end(struct held *h, int64_t now_ms)
{
	bool was = held_get(h, now_ms) != NULL;

	wipe(h);
	return was;
}
