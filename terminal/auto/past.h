/* SPDX-License-Identifier: Apache-2.0 */
/*
 * past: what a task of the automatic mode did before, in the Box's settings `local-auto-TASK…`: it stays on
 * this terminal.
 */
#ifndef AUTO_PAST_H
#define AUTO_PAST_H

#include <stdbool.h>

#include "auto/moment.h"

struct box;

struct auto_past {
	struct moment done;  /* newest run that went well, or in part */
	struct moment tried; /* newest run */
	unsigned failures; /* runs in a row that failed as a whole, one that was cut off included */
	enum err_code failed; /* of the newest, also if it went well in part; else ERR_NONE */
	char problem[512];    /* the sentence that was told for it; "" */
};

/** The past of @task; all never if it has none. */
int auto_past_get(struct auto_past *out, struct box *b, const char *task, struct err *err);
int auto_past_set(struct box *b, const char *task, const struct auto_past *past, struct err *err);

/**
 * Data of an app was seen to change (and is quiet again): the next backup is due at once, unless the plan has
 * --every or --at.  For whoever watches the apps; also for a start, where nobody knows what happened before.
 */
int auto_note_change(struct box *b, const struct moment *now, struct err *err);
/** When that was noted; never if no change is noted since the newest backup began. */
int auto_change_get(struct moment *out, struct box *b, struct err *err);
int auto_change_clear(struct box *b, struct err *err);

/** The server took something that this device signed. */
int auto_contact_note(struct box *b, const struct moment *now, struct err *err);
/** When that was last; never if it was not. */
int auto_contact_get(struct moment *out, struct box *b, struct err *err);

#endif
