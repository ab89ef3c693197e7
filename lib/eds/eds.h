/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds: Evolution Data Server, which keeps the contacts, calendars, tasks and memos of GNOME's apps.
 *
 * libebook and libecal bring sixty libraries, so they lie behind a module (eds_module.h) that is loaded when
 * an app of that kind is opened.  Where the module, the session bus or the service is not there, opening
 * fails with a sentence that says which; nothing else needs them.
 *
 * An object is an id (a contact's UID; of calendars the UID, or UID, EDS_OCCURRENCE and RECURRENCE-ID) and a text
 * (a vCard 3.0; one iCalendar component).  Writing one is durable on return.  The service checks nothing for
 * us: it has no transactions and replaces what is there.
 */
#ifndef EDS_EDS_H
#define EDS_EDS_H

#include "base/auto.h"
#include "base/buf.h"
#include "eds/eds_module.h"

#define EDS_REVISION_BYTES 128

/* 0 to go on; -1 stops eds_each(), which returns it. */
typedef int eds_each_fn(void *ctx, const char *id, struct span text, struct err *err);

/** @source: the id of a book or calendar, NULL for the one built in.  ERR_UNSUPPORTED (no module),
 *  ERR_NOT_FOUND (no bus, no service, no such source), ERR_BUSY (no answer in time), ERR_IO. */
int eds_open(struct eds_store **out, enum eds_kind kind, const char *source, struct err *err);
void eds_close(struct eds_store *s);
AUTO_PTR(eds_close, struct eds_store);

/** What moves with every write, of whomever; "" where there is no such thing. */
int eds_revision(char out[static EDS_REVISION_BYTES], struct eds_store *s, struct err *err);

/** After writes of our own, so that eds_revision() tells of them. */
int eds_reopen(struct eds_store *s, struct err *err);

/** Call @fn for every object, in an order that is the same for the same state.  Memory does not grow with the
 *  number of contacts.  0, EDS_MOVED (a book: they were not as many as it has), or -1.
 *
 *  Where contacts change meanwhile, a book's cursor can give one twice and pass over another: where @fn saw one
 *  twice, or this is EDS_MOVED, eds_each_id() tells which are to be asked for one by one. */
int eds_each(struct eds_store *s, eds_each_fn *fn, void *ctx, struct err *err);

/** Call @fn for the id of every contact of a book, in no order, with no text.  All ids are in memory meanwhile. */
int eds_each_id(struct eds_store *s, eds_each_fn *fn, void *ctx, struct err *err);

/** Append the text of @id.  0, EDS_ABSENT, or -1. */
int eds_get(struct buf *out, struct eds_store *s, const char *id, struct err *err);

/** 0, or -1 (ERR_UNSUPPORTED): the source takes nothing. */
int eds_can_write(struct eds_store *s, struct err *err);

/** Add an object; append the id that it got to @id.  0, EDS_EXISTS, EDS_REFUSED (*err says why), or -1. */
int eds_add(struct buf *id, struct eds_store *s, const char *text, struct err *err);

/** Replace the object @id, which must be there: the service's own errors do not tell.  @text has that id.
 *  0, EDS_ABSENT, EDS_REFUSED (*err says why), or -1. */
int eds_modify(struct eds_store *s, const char *id, const char *text, struct err *err);

/** 0, EDS_ABSENT, or -1. */
int eds_remove(struct eds_store *s, const char *id, struct err *err);

/** Append @text as the service's library prints it: what will be read back of it, but for what the service itself
 *  adds.  Needs no service.  0, EDS_REFUSED (*err says why), or -1 (ERR_UNSUPPORTED too: no module). */
int eds_print(struct buf *out, enum eds_kind kind, const char *text, struct err *err);

/** Make a time zone (a VTIMEZONE) known to a calendar.  0, EDS_REFUSED (*err says why), or -1. */
int eds_add_zone(struct eds_store *s, const char *text, struct err *err);

#endif
