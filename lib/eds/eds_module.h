/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_module: what the module cloudbox-eds.so exports: Evolution Data Server behind a few functions of C
 * that know texts and ids.  Its caller is eds.h, where the contract stands.
 *
 * Nothing of GLib passes this header.  Texts are UTF-8 without NUL, borrowed for the length of a call.
 * All functions wait for the service, for a limited time.
 */
#ifndef EDS_EDS_MODULE_H
#define EDS_EDS_MODULE_H

#include <stddef.h>

#define EDS_MODULE_FILE "cloudbox-eds.so"
#define EDS_OCCURRENCE  "\x1f" /* in an id, between UID and RECURRENCE-ID */

enum eds_kind {
	EDS_CONTACTS,
	EDS_EVENTS,
	EDS_TASKS,
	EDS_MEMOS,
};

enum eds_outcome {
	EDS_DONE,
	EDS_ABSENT,     /* no object of that id */
	EDS_EXISTS,     /* there is one of that id */
	EDS_MOVED,      /* the source changed while it was read */
	EDS_REFUSED,    /* the service takes no such object; `text` may say why */
	EDS_STOPPED,    /* the callback said so */
	EDS_NO_SERVICE, /* no session bus, or the service does not start or went away */
	EDS_NO_SOURCE,  /* the service knows no such book or calendar */
	EDS_READ_ONLY,
	EDS_FULL, /* no room on the disk */
	EDS_LATE, /* no answer in time */
	EDS_FAILED,
};

#define EDS_WHY_BYTES 256

struct eds_why {
	char text[EDS_WHY_BYTES]; /* in the service's words, or "" */
};

struct eds_store; /* an open book, calendar, task list or memo list */

/* Non-zero stops. */
typedef int eds_object_fn(void *ctx, const char *id, const char *text, size_t n);

/** @source: NULL for the one that is built in. */
enum eds_outcome cloudbox_eds_open(struct eds_store **out, enum eds_kind kind, const char *source,
				   struct eds_why *why);
void cloudbox_eds_close(struct eds_store *s);

/** What changes with every write to the source: "" where the source has no such thing. */
enum eds_outcome
cloudbox_eds_revision(char *out, size_t n, struct eds_store *s, struct eds_why *why);

/** The same, asked anew: after writes of our own, which the service tells of in its own time. */
enum eds_outcome cloudbox_eds_reopen(struct eds_store *s, struct eds_why *why);

enum eds_outcome
cloudbox_eds_each(struct eds_store *s, eds_object_fn *fn, void *ctx, struct eds_why *why);
/** @fn is called with each id, in no order, and no text.  Books only. */
enum eds_outcome
cloudbox_eds_ids(struct eds_store *s, eds_object_fn *fn, void *ctx, struct eds_why *why);
enum eds_outcome cloudbox_eds_get(struct eds_store *s, const char *id, eds_object_fn *fn, void *ctx,
				  struct eds_why *why);

enum eds_outcome cloudbox_eds_can_write(struct eds_store *s, struct eds_why *why);

/** @fn is called once, with the id that it got and no text. */
enum eds_outcome cloudbox_eds_add(struct eds_store *s, const char *text, eds_object_fn *fn,
				  void *ctx, struct eds_why *why);
enum eds_outcome
cloudbox_eds_modify(struct eds_store *s, const char *id, const char *text, struct eds_why *why);
enum eds_outcome cloudbox_eds_remove(struct eds_store *s, const char *id, struct eds_why *why);

/** @fn is called once, with an empty id and @text as the service's library prints it: what will be read back of
 *  it, but for what the service itself adds. */
enum eds_outcome cloudbox_eds_print(enum eds_kind kind, const char *text, eds_object_fn *fn,
				    void *ctx, struct eds_why *why);

/** Make a time zone known (a VTIMEZONE).  Calendars only. */
enum eds_outcome cloudbox_eds_add_zone(struct eds_store *s, const char *text, struct eds_why *why);

#endif
