/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_calendar: events, tasks and memos.  An id is a UID, or a UID, EDS_OCCURRENCE and a RECURRENCE-ID; a text is
 * one component.
 *
 * Never receive_objects: it moves LAST-MODIFIED, adds EXDATEs to series and drops parameters.  A series is
 * created; one occurrence of it is a modification of that occurrence alone.
 */
#include <libecal/libecal.h>
#include <string.h>

#include "eds/eds_store.h"

#define AT_ONCE ((guint32)-1) /* see eds_book.c */

static EClient *
calendar_connect(const struct eds_store *s, GError **e)
{
	static const ECalClientSourceType types[] = {
		[EDS_EVENTS] = E_CAL_CLIENT_SOURCE_TYPE_EVENTS,
		[EDS_TASKS] = E_CAL_CLIENT_SOURCE_TYPE_TASKS,
		[EDS_MEMOS] = E_CAL_CLIENT_SOURCE_TYPE_MEMOS,
	};

	return e_cal_client_connect_sync(s->source, types[s->kind], AT_ONCE, s->patience.cancel, e);
}

/* "UID", or "UID" EDS_OCCURRENCE "RECURRENCE-ID", as a string that is to be freed. */
static char *
id_of(ICalComponent *c)
{
	char *rid = e_cal_util_component_get_recurid_as_string(c);
	const char *uid = i_cal_component_get_uid(c);
	char *id = rid && *rid ? g_strconcat(uid ? uid : "", EDS_OCCURRENCE, rid, NULL)
			       : g_strdup(uid ? uid : "");

	g_free(rid);
	return id;
}

/* The text of a component and the zones that it names. */
struct saying {
	struct eds_store *store; /* NULL: without zones */
	GString *text;
	GHashTable *said; /* TZIDs */
};

static void
say_zone(struct saying *s, const char *id)
{
	ICalTimezone *zone = NULL;

	if (!id || !*id || !g_hash_table_add(s->said, g_strdup(id)) ||
	    !e_cal_client_get_timezone_sync(E_CAL_CLIENT(s->store->client), id, &zone,
					    s->store->patience.cancel, NULL) ||
	    !zone)
		return; /* nobody knows it: its name stays */
	ICalComponent *c = i_cal_timezone_get_component(zone);
	char *text = c ? i_cal_component_as_ical_string(c) : NULL;

	g_string_append(s->text, text ? text : "");
	g_free(text);
	g_clear_object(&c); /* the zone is the client's own */
}

/* ECalClient's callback for each time with a TZID. */
static void
say_zone_of(ICalParameter *param, gpointer data)
{
	say_zone(data, i_cal_parameter_get_tzid(param));
}

static enum eds_outcome
show(struct eds_store *store, ICalComponent *c, eds_object_fn *fn, void *ctx)
{
	char *id = id_of(c), *own = i_cal_component_as_ical_string(c);
	struct saying s = { .store = store,
			    .text = g_string_new(own),
			    .said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };

	if (store)
		i_cal_component_foreach_tzid(c, say_zone_of, &s);
	int stop = fn(ctx, id, s.text->str, s.text->len);
	g_hash_table_destroy(s.said);
	g_string_free(s.text, TRUE);
	g_free(own);
	g_free(id);
	return stop ? EDS_STOPPED : EDS_DONE;
}

static enum eds_outcome
calendar_each(struct eds_store *s, eds_object_fn *fn, void *ctx, GError **e)
{
	GSList *all = NULL;
	enum eds_outcome outcome = EDS_DONE;

	if (!e_cal_client_get_object_list_sync(E_CAL_CLIENT(s->client), "#t", &all,
					       s->patience.cancel, e))
		return EDS_FAILED;
	while (all) {
		if (outcome == EDS_DONE) {
			eds_wait(s, EDS_LIST_MS);
			outcome = show(s, all->data, fn, ctx);
		}
		g_object_unref(all->data);
		all = g_slist_delete_link(all, all);
	}
	return outcome;
}

/* UID and RECURRENCE-ID (NULL: none) of an id; @uid is to be freed, @rid points into it. */
static void
id_split(char **uid, const char **rid, const char *id)
{
	*uid = g_strdup(id);
	char *end = strstr(*uid, EDS_OCCURRENCE);

	*rid = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
}

static enum eds_outcome
calendar_get(struct eds_store *s, const char *id, eds_object_fn *fn, void *ctx, GError **e)
{
	ICalComponent *c = NULL;
	const char *rid;
	char *uid;

	id_split(&uid, &rid, id);
	gboolean ok = e_cal_client_get_object_sync(E_CAL_CLIENT(s->client), uid, rid, &c,
						   s->patience.cancel, e);
	g_free(uid);
	if (!ok)
		return EDS_FAILED;
	/* Of an occurrence without an object of its own the service makes one up. */
	char *found = id_of(c);
	enum eds_outcome outcome = strcmp(found, id) == 0 ? show(s, c, fn, ctx) : EDS_ABSENT;
	g_free(found);
	g_object_unref(c);
	return outcome;
}

static gboolean
modify_this(struct eds_store *s, ICalComponent *c, GError **e)
{
	return e_cal_client_modify_object_sync(E_CAL_CLIENT(s->client), c, E_CAL_OBJ_MOD_THIS,
					       E_CAL_OPERATION_FLAG_NONE, s->patience.cancel, e);
}

static int
is_there(void *ctx, const char *id, const char *text, size_t n)
{
	(void)id;
	(void)text;
	(void)n;
	*(gboolean *)ctx = TRUE;
	return 0;
}

static gboolean
has_object(struct eds_store *s, const char *id)
{
	gboolean there = FALSE;
	GError *ignored = NULL;

	calendar_get(s, id, is_there, &there, &ignored);
	g_clear_error(&ignored);
	return there;
}

static gboolean
create(struct eds_store *s, ICalComponent *c, GError **e)
{
	return e_cal_client_create_object_sync(
		E_CAL_CLIENT(s->client), c, E_CAL_OPERATION_FLAG_NONE, NULL, s->patience.cancel, e);
}

/* A series is created, an occurrence a modification of it.  One whose series is not there (yet) is created,
 * too; then the series is what is modified. */
static enum eds_outcome
calendar_put(struct eds_store *s, ICalComponent *c, const char *id, GError **e)
{
	gboolean occurrence = strstr(id, EDS_OCCURRENCE) != NULL;

	if (has_object(s, id))
		return EDS_EXISTS; /* modifying would replace it */
	if (occurrence ? modify_this(s, c, e) : create(s, c, e))
		return EDS_DONE;
	if (!g_error_matches(*e, E_CAL_CLIENT_ERROR,
			     occurrence ? E_CAL_CLIENT_ERROR_OBJECT_NOT_FOUND
					: E_CAL_CLIENT_ERROR_OBJECT_ID_ALREADY_EXISTS))
		return EDS_FAILED;
	g_clear_error(e);
	return (occurrence ? create(s, c, e) : modify_this(s, c, e)) ? EDS_DONE : EDS_FAILED;
}

static enum eds_outcome
calendar_add(struct eds_store *s, const char *text, eds_object_fn *fn, void *ctx, GError **e)
{
	ICalComponent *c = i_cal_component_new_from_string(text);
	char *id = c ? id_of(c) : NULL;
	enum eds_outcome outcome = id && *id ? calendar_put(s, c, id, e) : EDS_REFUSED;

	if (outcome == EDS_DONE && fn(ctx, id, "", 0))
		outcome = EDS_STOPPED;
	g_free(id);
	g_clear_object(&c);
	return outcome;
}

static enum eds_outcome
calendar_modify(struct eds_store *s, const char *id, const char *text, GError **e)
{
	ICalComponent *c = i_cal_component_new_from_string(text);
	enum eds_outcome outcome = EDS_REFUSED;

	if (!c)
		return EDS_REFUSED;
	char *own = id_of(c);
	if (strcmp(own, id) == 0)
		outcome = modify_this(s, c, e) ? EDS_DONE : EDS_FAILED;
	g_free(own);
	g_object_unref(c);
	return outcome;
}

static enum eds_outcome
calendar_remove(struct eds_store *s, const char *id, GError **e)
{
	const char *rid;
	char *uid;

	id_split(&uid, &rid, id);
	gboolean ok =
		e_cal_client_remove_object_sync(E_CAL_CLIENT(s->client), uid, rid,
						rid ? E_CAL_OBJ_MOD_ONLY_THIS : E_CAL_OBJ_MOD_ALL,
						E_CAL_OPERATION_FLAG_NONE, s->patience.cancel, e);
	g_free(uid);
	return ok ? EDS_DONE : EDS_FAILED;
}

static enum eds_outcome
calendar_print(const char *text, eds_object_fn *fn, void *ctx)
{
	ICalComponent *c = i_cal_component_new_from_string(text);
	enum eds_outcome outcome = c ? show(NULL, c, fn, ctx) : EDS_REFUSED;

	g_clear_object(&c);
	return outcome;
}

const struct eds_backend eds_calendar = {
	.connect = calendar_connect,
	.each = calendar_each,
	.get = calendar_get,
	.add = calendar_add,
	.modify = calendar_modify,
	.remove = calendar_remove,
	.print = calendar_print,
};

enum eds_outcome
cloudbox_eds_add_zone(struct eds_store *s, const char *text, struct eds_why *why)
{
	ICalComponent *c = i_cal_component_new_from_string(text);
	ICalTimezone *zone = i_cal_timezone_new();
	GError *e = NULL;
	gboolean ok = FALSE;

	why->text[0] = '\0';
	if (c && i_cal_component_isa(c) == I_CAL_VTIMEZONE_COMPONENT &&
	    i_cal_timezone_set_component(zone, c)) {
		eds_wait(s, EDS_ONE_MS);
		ok = e_cal_client_add_timezone_sync(E_CAL_CLIENT(s->client), zone,
						    s->patience.cancel, &e);
	}
	g_clear_object(&c);
	g_object_unref(zone);
	if (!ok && !e)
		return EDS_REFUSED;
	return eds_told(s, ok ? EDS_DONE : EDS_FAILED, e, why);
}
