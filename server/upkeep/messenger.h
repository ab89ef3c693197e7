/* SPDX-License-Identifier: Apache-2.0 */
/*
 * messenger: the thread of a running server that tells recipients of alarms.
 *
 *     queued (catalog) --due--> sent --yes--> its rows removed
 *        ^                        \--no--> due again in MESSENGER_WAITS, until
 *        +-----------------------------------/       MESSENGER_GIVE_UP_MS have passed: given up
 *
 * What an account is to be told goes out as one message: by mail at most once in MESSENGER_MAIL_MS, to a
 * webhook at most once in MESSENGER_WEBHOOK_MS.  Times are those of the retention clock, kept with the
 * rows, so a restart neither forgets nor hurries.  Rows are removed once the other side has said yes; a
 * process that is killed between the two sends that message again, with the Message-ID and the ids that
 * it had: it is better told twice than never.
 */
#ifndef UPKEEP_MESSENGER_H
#define UPKEEP_MESSENGER_H

#include "catalog/catalog.h"
#include "upkeep/post.h"

#define MESSENGER_TICK_MS    (60 * 1000)
#define MESSENGER_MAIL_MS    (INT64_C(3600) * 1000)
#define MESSENGER_WEBHOOK_MS (INT64_C(60) * 1000)
#define MESSENGER_GIVE_UP_MS (3 * RETENTION_DAY_MS)
/* After the first, second, … failure; then as after the last. */
#define MESSENGER_WAITS                                                                            \
	{                                                                                          \
		60000, 5 * 60000, 15 * 60000, 3600000, 4 * 3600000                                 \
	}

struct messenger_options {
	struct catalog *catalog;
	struct post_options post; /* what it points to lives as long as the messenger */
	const char *server;       /* its URL; borrowed likewise */
	int64_t tick_ms;          /* 0: MESSENGER_TICK_MS */
};

struct messenger_counts {
	uint64_t mails, webhooks;  /* sent since the start */
	uint64_t failed, given_up; /* tries; things to be told */
};

struct messenger;

/** ERR_NOMEM, ERR_IO (no thread). */
int
messenger_start(struct messenger **out, const struct messenger_options *options, struct err *err);
/** There may be something to be told.  Any thread; NULL does nothing. */
void messenger_poke(struct messenger *m);
/** Breaks off what is on its way, which stays queued.  NULL does nothing. */
void messenger_stop(struct messenger *m);

void messenger_counts(struct messenger *m, struct messenger_counts *out);

#endif
