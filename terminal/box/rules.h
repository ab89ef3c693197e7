/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: saved expressions (item/where.h) that make shortcuts by themselves.
 *
 * A rule is a setting of the Box, `rule-NAME`, so it travels with it.  It looks at an item once for each
 * change: a refresh notes items that are new, or whose content or place changed, and that have no shortcut
 * (`due`), and at its end each of them is asked about.  Nothing that grows with all items is passed over.
 * A shortcut that a person removes stays out (kept_out.h).
 */
#ifndef BOX_RULES_H
#define BOX_RULES_H

#include "apps/adapter.h"
#include "box/box.h"

#define RULE_NAME_MAX 48  /* bytes */
#define RULES_MAX     256 /* of one Box */

/* From a callback borrowed. */
struct rule {
	const char *name; /* UTF-8, what the person called it */
	const char *app;
	const char *where; /* as where_print() has it */
	bool selected;     /* its shortcuts are, for the automatic mode */
	uint64_t made;     /* shortcuts, on this terminal, so far */
};

/** May a rule be called that?  1 to 48 bytes of UTF-8 without control characters, '-' not first. */
bool rule_name_is_valid(const char *name);

/** Make the rule, or let the one of that name be this; @made is added to what it made before.
 *  ERR_USAGE: no name for a rule; ERR_LIMIT: too many. */
int rule_put(struct box *b, const struct rule *rule, struct err *err);

/** 0: there is a rule of that name; BOX_ABSENT; -1. */
int rule_find(struct box *b, const char *name, struct err *err);

/** Its shortcuts stay.  BOX_ABSENT. */
int rule_remove(struct box *b, const char *name, struct err *err);
/** All of an app, which goes itself. */
int rules_remove_app(struct box *b, const char *app, struct err *err);

typedef int rule_fn(void *ctx, const struct rule *rule, struct err *err);

/** All, by name bytewise.  One that this program cannot read has an empty `app`. */
int rules_each(struct box *b, rule_fn *fn, void *ctx, struct err *err);

/** Has @app rules? */
int rules_has(bool *out, struct box *b, const char *app, struct err *err);

/* Within a refresh. */

/** An item of @app (its number) is new, or changed: to be looked at, unless it has a shortcut. */
int
rules_note(struct box *b, int64_t app, const uint8_t item[static BOX_ID_BYTES], struct err *err);

/** Look at what was noted.  Nothing noted: one question to the database. */
int rules_apply(struct box *b, struct app_session *s, int64_t app, struct err *err);

/* What rules could not be asked about at the last refresh, because it could not be read; the next asks. */
struct rules_unasked {
	uint64_t items;
	uint64_t sources; /* none of whose items has a shortcut */
};

/** Zeros for an app without rules. */
int rules_unasked(struct rules_unasked *out, struct box *b, const char *app, struct err *err);

/** An item of @app could not be read when a rule was made: the next refresh asks about it. */
int rules_look_again(struct box *b, const char *app, struct span native_id, struct err *err);

/** A rule came with another device's Box (the setting @key): all that its app has is to be looked at. */
int rules_arrived(struct box *b, const char *key, struct err *err);

#endif
