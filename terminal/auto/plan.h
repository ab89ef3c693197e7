/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: what Cloudbox does by itself, and when, as the person set it with `cloudbox auto`.
 *
 * It lies in the Box's settings and travels with the Box.  Each part is a setting of its own, written as on the
 * command line; one that lacks is at its default.  One that this program cannot read was made by a newer one:
 * the plan is refused, since a condition that is not understood must not be broken.
 *
 *     auto-mode            off | selected | all                    default: off
 *     auto-every           6h
 *     auto-at              02:30
 *     auto-between         22:00-07:00
 *     auto-only-on         unmetered,charging,battery>20
 *     auto-budget          bytes a month, decimal
 *     auto-rate            bytes a second, decimal
 *     auto-keep-originals  90d
 *
 * What happened lies beside it under `local-auto-…` (past.h) and stays on this terminal.
 */
#ifndef AUTO_PLAN_H
#define AUTO_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct box; /* box/box.h */

#define PLAN_EVERY_MIN_MS (60 * INT64_C(1000))
#define PLAN_KEEP_MS      (30 * 24 * 3600 * INT64_C(1000)) /* how long originals are kept by default */
#define PLAN_NO_TIME      (-1)
#define PLAN_TEXT_BYTES   64 /* of one part as text */

enum auto_mode {
	AUTO_OFF,      /* by hand */
	AUTO_SELECTED, /* pre-selected shortcuts */
	AUTO_ALL,      /* all shortcuts */
};

/* Times of day are minutes after local midnight, 0 to 1439, or PLAN_NO_TIME. */
struct auto_plan {
	enum auto_mode mode;
	int64_t every_ms; /* 0: not by a period */
	int at;           /* once a day then */
	int from,
		until; /* only within these hours; until < from: across midnight.  Both or neither */
	bool unmetered, charging;
	unsigned battery_above; /* per cent; 0: whatever it has */
	uint64_t budget_bytes;  /* of a calendar month, on metered links; 0: as many as it takes */
	uint64_t rate_bytes_s;  /* 0: as fast as it goes */
	int64_t keep_originals_ms; /* older ones are purged; 0: PLAN_KEEP_MS */
};

/* Nothing by itself, no condition. */
#define AUTO_PLAN_INIT                                                                             \
	{                                                                                          \
		.at = PLAN_NO_TIME, .from = PLAN_NO_TIME, .until = PLAN_NO_TIME                    \
	}

/** ERR_UNSUPPORTED: a part was made by a newer Cloudbox. */
int auto_plan_get(struct auto_plan *out, struct box *b, struct err *err);
/** Keep @plan as a whole: parts that it does not have are removed.  One transaction. */
int auto_plan_set(struct box *b, const struct auto_plan *plan, struct err *err);

/** "off", "selected", "all": part of the contract. */
const char *auto_mode_name(enum auto_mode mode);

/* Parts as people write them; each fills only its own members of *p.  ERR_USAGE with a hint. */
int auto_plan_parse_mode(struct auto_plan *p, const char *text, struct err *err);
int auto_plan_parse_every(struct auto_plan *p, const char *text, struct err *err);
int auto_plan_parse_at(struct auto_plan *p, const char *text, struct err *err);
int auto_plan_parse_between(struct auto_plan *p, const char *text, struct err *err);
int auto_plan_parse_only_on(struct auto_plan *p, const char *text, struct err *err);
/** "30M": a number and nothing, k, M or G, each 1000 times the one before. */
int auto_plan_parse_budget(struct auto_plan *p, const char *text, struct err *err);
int auto_plan_parse_rate(struct auto_plan *p, const char *text, struct err *err);
int auto_plan_parse_keep_originals(struct auto_plan *p, const char *text, struct err *err);

/* The same, printed; "" where the plan has no such part. */
void auto_plan_print_every(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p);
void auto_plan_print_at(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p);
void auto_plan_print_between(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p);
void auto_plan_print_only_on(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p);
void auto_plan_print_keep_originals(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p);

#endif
