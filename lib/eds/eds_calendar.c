/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_calendar: events, tasks and memos.  An id is a UID, or a UID, a line feed and a RECURRENCE-ID; a text is
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

/* "UID", or "UID\nRECURRENCE-ID", as a string that is to be freed. */
static char *
id_of(ICalComponent *c)
{
	char *rid = e_cal_util_component_get_recurid_as_string(c);
	const char *uid = i_cal_component_get_uid(c);
	char *id = rid && *rid ? g_strconcat(uid ? uid : "", "\n", rid, NULL)
			       : g_strdup(uid ? uid : "");

	g_free(rid);
	return id;
}

static enum eds_outcome
show(ICalComponent *c, eds_object_fn *fn, void *ctx)
{
	char *id = id_of(c), *text = i_cal_component_as_ical_string(c);
	int stop = fn(ctx, id, text, strlen(text));

	g_free(text);
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
		if (outcome == EDS_DONE)
			outcome = show(all->data, fn, ctx);
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
	char *end = strchr(*uid, '\n');

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
	enum eds_outcome outcome = strcmp(found, id) == 0 ? show(c, fn, ctx) : EDS_ABSENT;
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

/* Is the object there?  Asked before an occurrence is added: modifying would replace it. */
static int
is_there(void *ctx, const char *id, const char *text, size_t n)
{
	(void)id;
	(void)text;
	(void)n;
	*(gboolean *)ctx = TRUE;
	return 0;
}

static enum eds_outcome
add_occurrence(struct eds_store *s, ICalComponent *c, const char *id, GError **e)
{
	gboolean there = FALSE;
	GError *ignored = NULL;

	calendar_get(s, id, is_there, &there, &ignored);
	g_clear_error(&ignored);
	if (there)
		return EDS_EXISTS;
	return modify_this(s, c, e) ? EDS_DONE : EDS_FAILED;
}

static enum eds_outcome
calendar_add(struct eds_store *s, const char *text, eds_object_fn *fn, void *ctx, GError **e)
{
	ICalComponent *c = i_cal_component_new_from_string(text);
	enum eds_outcome outcome;

	if (!c || !i_cal_component_is_valid(c)) {
		g_clear_object(&c);
		return EDS_REFUSED;
	}
	char *id = id_of(c);
	if (strchr(id, '\n'))
		outcome = add_occurrence(s, c, id, e);
	else
		outcome = e_cal_client_create_object_sync(E_CAL_CLIENT(s->client), c,
							  E_CAL_OPERATION_FLAG_NONE, NULL,
							  s->patience.cancel, e)
				  ? EDS_DONE
				  : EDS_FAILED;
	if (outcome == EDS_DONE && fn(ctx, id, "", 0))
		outcome = EDS_STOPPED;
	g_free(id);
	g_object_unref(c);
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
	enum eds_outcome outcome = c ? show(c, fn, ctx) : EDS_REFUSED;

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
