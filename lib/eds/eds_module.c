/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_module: see eds_module.h.  Opening, patience and errors; books are eds_book.c, calendars
 * eds_calendar.c.
 *
 * GIO ends a process whose session bus goes away, and prints what it finds remarkable: both are
 * switched off, for the process.
 */
#include "eds/eds_module.h"

#include <libebook/libebook.h>
#include <libecal/libecal.h>
#include <string.h>

#include "eds/eds_store.h"

static GLogWriterOutput
say_nothing(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	(void)level;
	(void)fields;
	(void)n;
	(void)data;
	return G_LOG_WRITER_HANDLED;
}

static void
be_quiet(void)
{
	static gsize once;

	if (g_once_init_enter(&once)) {
		g_log_set_writer_func(say_nothing, NULL, NULL);
		g_once_init_leave(&once, 1);
	}
}

/* 1. Patience. */

static gpointer
patience_run(gpointer data)
{
	struct eds_patience *p = data;

	g_mutex_lock(&p->lock);
	while (!p->over) {
		if (!p->until)
			g_cond_wait(&p->changed, &p->lock);
		else if (!g_cond_wait_until(&p->changed, &p->lock, p->until) && p->until &&
			 g_get_monotonic_time() >= p->until) {
			p->until = 0;
			p->fired = TRUE;
			g_cancellable_cancel(p->cancel);
		}
	}
	g_mutex_unlock(&p->lock);
	return NULL;
}

static void
patience_start(struct eds_patience *p)
{
	g_mutex_init(&p->lock);
	g_cond_init(&p->changed);
	p->cancel = g_cancellable_new();
	p->thread = g_thread_new("patience", patience_run, p);
}

static void
patience_end(struct eds_patience *p)
{
	g_mutex_lock(&p->lock);
	p->over = TRUE;
	g_cond_signal(&p->changed);
	g_mutex_unlock(&p->lock);
	g_thread_join(p->thread);
	g_object_unref(p->cancel);
	g_cond_clear(&p->changed);
	g_mutex_clear(&p->lock);
}

void
eds_wait(struct eds_store *s, gint64 ms)
{
	struct eds_patience *p = &s->patience;

	g_mutex_lock(&p->lock);
	if (p->fired)
		g_cancellable_reset(p->cancel);
	p->fired = FALSE;
	p->until = g_get_monotonic_time() + ms * 1000;
	g_cond_signal(&p->changed);
	g_mutex_unlock(&p->lock);
}

static gboolean
was_late(struct eds_store *s)
{
	struct eds_patience *p = &s->patience;

	g_mutex_lock(&p->lock);
	p->until = 0;
	gboolean fired = p->fired;
	g_mutex_unlock(&p->lock);
	return fired;
}

/* 2. Errors. */

static enum eds_outcome
book_outcome(int code)
{
	switch (code) {
	case E_BOOK_CLIENT_ERROR_CONTACT_NOT_FOUND:
		return EDS_ABSENT;
	case E_BOOK_CLIENT_ERROR_CONTACT_ID_ALREADY_EXISTS:
		return EDS_EXISTS;
	case E_BOOK_CLIENT_ERROR_NO_SUCH_BOOK:
	case E_BOOK_CLIENT_ERROR_NO_SUCH_SOURCE:
		return EDS_NO_SOURCE;
	case E_BOOK_CLIENT_ERROR_NO_SPACE:
		return EDS_FULL;
	default:
		return EDS_FAILED;
	}
}

static enum eds_outcome
cal_outcome(int code)
{
	switch (code) {
	case E_CAL_CLIENT_ERROR_OBJECT_NOT_FOUND:
		return EDS_ABSENT;
	case E_CAL_CLIENT_ERROR_OBJECT_ID_ALREADY_EXISTS:
		return EDS_EXISTS;
	case E_CAL_CLIENT_ERROR_NO_SUCH_CALENDAR:
		return EDS_NO_SOURCE;
	case E_CAL_CLIENT_ERROR_INVALID_OBJECT:
	case E_CAL_CLIENT_ERROR_INVALID_RANGE:
		return EDS_REFUSED;
	default:
		return EDS_FAILED;
	}
}

static enum eds_outcome
client_outcome(int code)
{
	switch (code) {
	case E_CLIENT_ERROR_INVALID_ARG:
		return EDS_REFUSED;
	case E_CLIENT_ERROR_PERMISSION_DENIED:
		return EDS_READ_ONLY;
	case E_CLIENT_ERROR_OUT_OF_SYNC:
		return EDS_MOVED;
	case E_CLIENT_ERROR_CANCELLED:
		return EDS_LATE; /* nobody else cancels */
	default:
		return EDS_FAILED;
	}
}

/* The service, or the bus, went away. */
static gboolean
is_away(const GError *e)
{
	static const int gone[] = {
		G_DBUS_ERROR_SERVICE_UNKNOWN,      G_DBUS_ERROR_NO_REPLY,
		G_DBUS_ERROR_NAME_HAS_NO_OWNER,    G_DBUS_ERROR_NO_SERVER,
		G_DBUS_ERROR_DISCONNECTED,         G_DBUS_ERROR_SPAWN_CHILD_EXITED,
		G_DBUS_ERROR_SPAWN_CHILD_SIGNALED, G_DBUS_ERROR_SPAWN_EXEC_FAILED,
		G_DBUS_ERROR_SPAWN_FAILED,         G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND,
		G_DBUS_ERROR_UNKNOWN_OBJECT
	};

	if (e->domain == G_IO_ERROR)
		return e->code == G_IO_ERROR_CLOSED || e->code == G_IO_ERROR_BROKEN_PIPE ||
		       e->code == G_IO_ERROR_CONNECTION_REFUSED || e->code == G_IO_ERROR_NOT_FOUND;
	for (size_t i = 0; e->domain == G_DBUS_ERROR && i < G_N_ELEMENTS(gone); i++)
		if (e->code == gone[i])
			return TRUE;
	return FALSE;
}

static enum eds_outcome
outcome_of(const GError *e)
{
	if (e->domain == E_BOOK_CLIENT_ERROR)
		return book_outcome(e->code);
	if (e->domain == E_CAL_CLIENT_ERROR)
		return cal_outcome(e->code);
	if (e->domain == E_CLIENT_ERROR)
		return client_outcome(e->code);
	if (g_error_matches(e, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
	    g_error_matches(e, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
	    g_error_matches(e, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT))
		return EDS_LATE;
	return is_away(e) ? EDS_NO_SERVICE : EDS_FAILED;
}

enum eds_outcome
eds_told(struct eds_store *s, enum eds_outcome outcome, GError *e, struct eds_why *why)
{
	gboolean late = was_late(s);

	why->text[0] = '\0';
	if (e) {
		g_dbus_error_strip_remote_error(e);
		g_strlcpy(why->text, e->message, sizeof why->text);
		if (outcome == EDS_FAILED)
			outcome = late ? EDS_LATE : outcome_of(e);
		g_error_free(e);
	}
	return outcome;
}

/* 3. Opening. */

static const struct {
	const struct eds_backend *backend;
	const char *extension;
	ESource *(*builtin)(ESourceRegistry *r);
} kinds[] = {
	[EDS_CONTACTS] = { &eds_book, E_SOURCE_EXTENSION_ADDRESS_BOOK,
			   e_source_registry_ref_builtin_address_book },
	[EDS_EVENTS] = { &eds_calendar, E_SOURCE_EXTENSION_CALENDAR,
			 e_source_registry_ref_builtin_calendar },
	[EDS_TASKS] = { &eds_calendar, E_SOURCE_EXTENSION_TASK_LIST,
			e_source_registry_ref_builtin_task_list },
	[EDS_MEMOS] = { &eds_calendar, E_SOURCE_EXTENSION_MEMO_LIST,
			e_source_registry_ref_builtin_memo_list },
};

static void
stay_when_the_bus_goes(GCancellable *cancel, GError **e)
{
	GDBusConnection *bus = g_bus_get_sync(G_BUS_TYPE_SESSION, cancel, e);

	if (!bus)
		return;
	g_dbus_connection_set_exit_on_close(bus, FALSE);
	g_object_unref(bus);
}

static enum eds_outcome
store_connect(struct eds_store *s, const char *source, GError **e)
{
	stay_when_the_bus_goes(s->patience.cancel, e);
	if (*e)
		return EDS_NO_SERVICE;
	s->registry = e_source_registry_new_sync(s->patience.cancel, e);
	if (!s->registry)
		return EDS_NO_SERVICE;
	s->source = source ? e_source_registry_ref_source(s->registry, source)
			   : kinds[s->kind].builtin(s->registry);
	if (!s->source || !e_source_has_extension(s->source, kinds[s->kind].extension))
		return EDS_NO_SOURCE;
	s->client = s->backend->connect(s, e);
	return s->client ? EDS_DONE : EDS_FAILED;
}

enum eds_outcome
cloudbox_eds_open(struct eds_store **out, enum eds_kind kind, const char *source,
		  struct eds_why *why)
{
	struct eds_store *s = g_new0(struct eds_store, 1);
	GError *e = NULL;

	be_quiet();
	s->kind = kind;
	s->backend = kinds[kind].backend;
	patience_start(&s->patience);
	eds_wait(s, EDS_OPEN_MS);
	enum eds_outcome outcome = store_connect(s, source, &e);
	outcome = eds_told(s, outcome, e, why);
	if (outcome != EDS_DONE) {
		cloudbox_eds_close(s);
		return outcome;
	}
	*out = s;
	return EDS_DONE;
}

void
cloudbox_eds_close(struct eds_store *s)
{
	if (!s)
		return;
	g_clear_object(&s->client);
	g_clear_object(&s->source);
	g_clear_object(&s->registry);
	patience_end(&s->patience);
	g_free(s);
}

/* 4. Operations. */

enum eds_outcome
cloudbox_eds_revision(char *out, size_t n, struct eds_store *s, struct eds_why *why)
{
	char *revision = NULL;
	GError *e = NULL;

	eds_wait(s, EDS_ONE_MS);
	gboolean ok = e_client_get_backend_property_sync(
		s->client, CLIENT_BACKEND_PROPERTY_REVISION, &revision, s->patience.cancel, &e);
	g_strlcpy(out, revision ? revision : "", n);
	g_free(revision);
	return eds_told(s, ok ? EDS_DONE : EDS_FAILED, e, why);
}

enum eds_outcome
cloudbox_eds_reopen(struct eds_store *s, struct eds_why *why)
{
	GError *e = NULL;

	eds_wait(s, EDS_OPEN_MS);
	EClient *client = s->backend->connect(s, &e);
	if (client) {
		g_object_unref(s->client);
		s->client = client;
	}
	return eds_told(s, client ? EDS_DONE : EDS_FAILED, e, why);
}

enum eds_outcome
cloudbox_eds_each(struct eds_store *s, eds_object_fn *fn, void *ctx, struct eds_why *why)
{
	GError *e = NULL;

	eds_wait(s, EDS_LIST_MS);
	enum eds_outcome outcome = s->backend->each(s, fn, ctx, &e);
	return eds_told(s, outcome, e, why);
}

enum eds_outcome
cloudbox_eds_ids(struct eds_store *s, eds_object_fn *fn, void *ctx, struct eds_why *why)
{
	GError *e = NULL;

	eds_wait(s, EDS_LIST_MS);
	enum eds_outcome outcome = s->backend->ids(s, fn, ctx, &e);
	return eds_told(s, outcome, e, why);
}

enum eds_outcome
cloudbox_eds_get(struct eds_store *s, const char *id, eds_object_fn *fn, void *ctx,
		 struct eds_why *why)
{
	GError *e = NULL;

	eds_wait(s, EDS_ONE_MS);
	enum eds_outcome outcome = s->backend->get(s, id, fn, ctx, &e);
	return eds_told(s, outcome, e, why);
}

enum eds_outcome
cloudbox_eds_can_write(struct eds_store *s, struct eds_why *why)
{
	why->text[0] = '\0';
	return e_client_is_readonly(s->client) ? EDS_READ_ONLY : EDS_DONE;
}

enum eds_outcome
cloudbox_eds_add(struct eds_store *s, const char *text, eds_object_fn *fn, void *ctx,
		 struct eds_why *why)
{
	GError *e = NULL;

	eds_wait(s, EDS_ONE_MS);
	enum eds_outcome outcome = s->backend->add(s, text, fn, ctx, &e);
	return eds_told(s, outcome, e, why);
}

enum eds_outcome
cloudbox_eds_modify(struct eds_store *s, const char *id, const char *text, struct eds_why *why)
{
	GError *e = NULL;

	eds_wait(s, EDS_ONE_MS);
	enum eds_outcome outcome = s->backend->modify(s, id, text, &e);
	return eds_told(s, outcome, e, why);
}

enum eds_outcome
cloudbox_eds_remove(struct eds_store *s, const char *id, struct eds_why *why)
{
	GError *e = NULL;

	eds_wait(s, EDS_ONE_MS);
	enum eds_outcome outcome = s->backend->remove(s, id, &e);
	return eds_told(s, outcome, e, why);
}

enum eds_outcome
cloudbox_eds_print(enum eds_kind kind, const char *text, eds_object_fn *fn, void *ctx,
		   struct eds_why *why)
{
	why->text[0] = '\0';
	be_quiet();
	return kinds[kind].backend->print(text, fn, ctx);
}
