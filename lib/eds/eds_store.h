/* SPDX-License-Identifier: Apache-2.0 */
/* eds_store: the module's own: what books and calendars have in common. */
#ifndef EDS_EDS_STORE_H
#define EDS_EDS_STORE_H

#include <libedataserver/libedataserver.h>

#include "eds/eds_module.h"

#define EDS_OPEN_MS 30000  /* to start the service and open a source */
#define EDS_LIST_MS 120000 /* everything, or a step through it */
#define EDS_ONE_MS  30000  /* one object */

/* Ends what takes too long: a thread that cancels. */
struct eds_patience {
	GThread *thread;
	GMutex lock;
	GCond changed;
	gint64 until; /* g_get_monotonic_time(); 0: nothing runs */
	gboolean over;
	gboolean fired;
	GCancellable *cancel;
};

/* One kind of source. */
struct eds_backend {
	EClient *(*connect)(const struct eds_store *s, GError **e);
	enum eds_outcome (*each)(struct eds_store *s, eds_object_fn *fn, void *ctx, GError **e);
	enum eds_outcome (*ids)(struct eds_store *s, eds_object_fn *fn, void *ctx,
				GError **e); /* books */
	enum eds_outcome (*get)(struct eds_store *s, const char *id, eds_object_fn *fn, void *ctx,
				GError **e);
	enum eds_outcome (*add)(struct eds_store *s, const char *text, eds_object_fn *fn, void *ctx,
				GError **e);
	enum eds_outcome (*modify)(struct eds_store *s, const char *id, const char *text,
				   GError **e);
	enum eds_outcome (*print)(const char *text, eds_object_fn *fn, void *ctx);
	enum eds_outcome (*remove)(struct eds_store *s, const char *id, GError **e);
};

struct eds_store {
	const struct eds_backend *backend;
	enum eds_kind kind;
	ESourceRegistry *registry;
	ESource *source;
	EClient *client;
	struct eds_patience patience;
};

/** From now on one operation runs, for at most @ms. */
void eds_wait(struct eds_store *s, gint64 ms);

/** The operation is over: @outcome, or what @e says (which is freed) where that is EDS_FAILED. */
enum eds_outcome
eds_told(struct eds_store *s, enum eds_outcome outcome, GError *e, struct eds_why *why);

extern const struct eds_backend eds_book, eds_calendar;

#endif
