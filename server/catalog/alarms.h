/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alarms: what the catalog keeps of them.  The rules stand in server/upkeep/alarms.h.
 *
 * An alarm is a condition that began: of each kind there is one at most for a device (or, with a device
 * of zeros, for an account) at a time.  Its beginning and its end are each told once: where somebody
 * is to be told, the same transaction queues a delivery, which stays until it is done.
 */
#ifndef CATALOG_ALARMS_H
#define CATALOG_ALARMS_H

#include "format/id.h"

/* As in wire/wire.h (enum wire_notice_kind). */
enum alarm_kind {
	ALARM_SILENCE = 1, /* a device has not come as it had said */
	ALARM_DRILL = 2,   /* its last drill failed */
	ALARM_QUOTA = 3,   /* the account nears its quota */
	ALARM_FILLS = 4,   /* it will reach it soon if it goes on like this */
	ALARM_HOLD = 5,    /* clearing stands still in folders of a device */
};

struct catalog_alarm {
	int64_t id; /* never given twice */
	struct id16 account;
	struct id16 device; /* zero: the whole account */
	enum alarm_kind kind;
	int64_t raised_unix_ms;
	int64_t since_unix_ms; /* silence: last seen; else as raised */
	int64_t mark_ms;       /* silence: catalog_device.came_ms when it was raised */
	int64_t ended_unix_ms; /* 0: it stands */
	uint32_t number;       /* silence: seconds of its period; percent, days, folders */
};

#define ALARM_MAIL_BYTES_MAX    255 /* RFC 5321, 4.5.3.1.3, and NUL */
#define ALARM_WEBHOOK_BYTES_MAX 1024

/* Who is told of an account's alarms. */
struct catalog_recipient {
	struct id16 account; /* before there is one: the first half of its invitation's hash */
	char mail[ALARM_MAIL_BYTES_MAX];       /* "": nobody */
	char webhook[ALARM_WEBHOOK_BYTES_MAX]; /* "": none */
	int64_t mailed_ms, posted_ms;          /* last done; retention clock */
};

/* How much an account held on two days of the retention clock, RECENT being the later one. */
struct catalog_growth {
	struct id16 account;
	int64_t day, recent_day;
	uint64_t bytes, recent_bytes;
};

enum alarm_channel { ALARM_BY_MAIL = 1, ALARM_BY_WEBHOOK = 2 };

/* One thing to be told to one recipient. */
struct catalog_delivery {
	int64_t id; /* never given twice */
	enum alarm_channel channel;
	bool ended; /* that the alarm ended; else that it was raised */
	uint32_t tries;
	int64_t due_ms, since_ms; /* retention clock: when to try next; since when it waits */
	struct catalog_alarm alarm;
};

#define ALARM_DELIVERIES_MAX 64 /* that wait for one account; more are not queued */

#endif
