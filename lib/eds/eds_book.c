/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_book: contacts.  Their ids are the vCards' UIDs; their texts are whole vCards 3.0 as the service prints
 * them, with the pictures that it keeps as files put back in.
 *
 * Everything is read with a cursor, STEP contacts at a time: one list of all would be one message of the bus.
 */
#include <libebook/libebook.h>
#include <string.h>

#include "eds/eds_store.h"

#define STEP    64
#define ALL     "(contains \"x-evolution-any-field\" \"\")"
#define AT_ONCE ((guint32)-1) /* do not wait for the "connected" notice: it needs a main loop */

static EClient *
book_connect(const struct eds_store *s, GError **e)
{
	return e_book_client_connect_sync(s->source, AT_ONCE, s->patience.cancel, e);
}

/* The card as the library prints it once it has read it: one that it has not read yet it gives as it came. */
static char *
print(EContact *contact)
{
	e_vcard_get_attributes(E_VCARD(contact));
	return e_vcard_to_string(E_VCARD(contact), EVC_FORMAT_VCARD_30);
}

/* One contact to the caller.  A card that was asked for by its UID has that in front, and no other; one out of a
 * list has it where it stood: it is made the same. */
static enum eds_outcome
show(EContact *contact, eds_object_fn *fn, void *ctx)
{
	char *uid = e_contact_get(contact, E_CONTACT_UID);
	char *text = print(contact);
	EContact *same = e_contact_new_from_vcard_with_uid(text, uid ? uid : "");

	e_contact_inline_local_photos(same, NULL); /* one whose file is gone stays a link */
	g_free(text);
	text = print(same);
	int stop = fn(ctx, uid ? uid : "", text, strlen(text));
	g_free(text);
	g_free(uid);
	g_object_unref(same);
	return stop ? EDS_STOPPED : EDS_DONE;
}

static enum eds_outcome
show_all(GSList *contacts, eds_object_fn *fn, void *ctx)
{
	enum eds_outcome outcome = EDS_DONE;

	for (GSList *l = contacts; l && outcome == EDS_DONE; l = l->next)
		outcome = show(l->data, fn, ctx);
	g_slist_free_full(contacts, g_object_unref);
	return outcome;
}

static enum eds_outcome
book_ids(struct eds_store *s, eds_object_fn *fn, void *ctx, GError **e)
{
	enum eds_outcome outcome = EDS_DONE;
	GSList *ids = NULL;

	if (!e_book_client_get_contacts_uids_sync(E_BOOK_CLIENT(s->client), ALL, &ids,
						  s->patience.cancel, e))
		return EDS_FAILED;
	for (GSList *l = ids; l && outcome == EDS_DONE; l = l->next)
		if (fn(ctx, l->data, "", 0))
			outcome = EDS_STOPPED;
	g_slist_free_full(ids, g_free);
	return outcome;
}

/* Books that know no cursors: web address books, some of them. */
static enum eds_outcome
each_at_once(struct eds_store *s, eds_object_fn *fn, void *ctx, GError **e)
{
	GSList *contacts = NULL;

	if (!e_book_client_get_contacts_sync(E_BOOK_CLIENT(s->client), ALL, &contacts,
					     s->patience.cancel, e))
		return EDS_FAILED;
	return show_all(contacts, fn, ctx);
}

static enum eds_outcome
each_step(EBookClientCursor *cursor, struct eds_store *s, eds_object_fn *fn, void *ctx, GError **e)
{
	EBookCursorOrigin from = E_BOOK_CURSOR_ORIGIN_BEGIN;
	enum eds_outcome outcome = EDS_DONE;
	int total = e_book_client_cursor_get_total(cursor), got = STEP, sum = 0;

	for (; outcome == EDS_DONE && got == STEP && sum <= total; sum += got) {
		GSList *contacts = NULL;

		eds_wait(s, EDS_LIST_MS);
		got = e_book_client_cursor_step_sync(
			cursor, E_BOOK_CURSOR_STEP_MOVE | E_BOOK_CURSOR_STEP_FETCH, from, STEP,
			&contacts, s->patience.cancel, e);
		if (got < 0 && g_error_matches(*e, E_CLIENT_ERROR, E_CLIENT_ERROR_QUERY_REFUSED)) {
			g_clear_error(e); /* past the last one */
			got = 0;
		}
		if (got < 0)
			return EDS_FAILED;
		outcome = show_all(contacts, fn, ctx);
		from = E_BOOK_CURSOR_ORIGIN_CURRENT;
	}
	return outcome != EDS_DONE ? outcome : sum == total ? EDS_DONE : EDS_MOVED;
}

static enum eds_outcome
book_each(struct eds_store *s, eds_object_fn *fn, void *ctx, GError **e)
{
	static const EContactField by[] = { E_CONTACT_FILE_AS };
	static const EBookCursorSortType how[] = { E_BOOK_CURSOR_SORT_ASCENDING };
	EBookClientCursor *cursor = NULL;

	if (!e_book_client_get_cursor_sync(E_BOOK_CLIENT(s->client), "", by, how, 1, &cursor,
					   s->patience.cancel, e)) {
		if (!g_error_matches(*e, E_CLIENT_ERROR, E_CLIENT_ERROR_NOT_SUPPORTED))
			return EDS_FAILED;
		g_clear_error(e);
		return each_at_once(s, fn, ctx, e);
	}
	enum eds_outcome outcome = each_step(cursor, s, fn, ctx, e);
	g_object_unref(cursor);
	return outcome;
}

static enum eds_outcome
book_get(struct eds_store *s, const char *id, eds_object_fn *fn, void *ctx, GError **e)
{
	EContact *contact = NULL;

	if (!e_book_client_get_contact_sync(E_BOOK_CLIENT(s->client), id, &contact,
					    s->patience.cancel, e))
		return EDS_FAILED;
	enum eds_outcome outcome = show(contact, fn, ctx);
	g_object_unref(contact);
	return outcome;
}

static enum eds_outcome
book_add(struct eds_store *s, const char *text, eds_object_fn *fn, void *ctx, GError **e)
{
	EContact *contact = e_contact_new_from_vcard(text);
	char *id = NULL;
	gboolean ok = e_book_client_add_contact_sync(E_BOOK_CLIENT(s->client), contact,
						     E_BOOK_OPERATION_FLAG_NONE, &id,
						     s->patience.cancel, e);
	int stop = ok && fn(ctx, id, "", 0);

	g_free(id);
	g_object_unref(contact);
	return !ok ? EDS_FAILED : stop ? EDS_STOPPED : EDS_DONE;
}

static enum eds_outcome
book_modify(struct eds_store *s, const char *id, const char *text, GError **e)
{
	EContact *contact = e_contact_new_from_vcard(text);
	const char *uid = e_contact_get_const(contact, E_CONTACT_UID);
	enum eds_outcome outcome = EDS_REFUSED;

	if (uid && strcmp(uid, id) == 0)
		outcome = e_book_client_modify_contact_sync(E_BOOK_CLIENT(s->client), contact,
							    E_BOOK_OPERATION_FLAG_NONE,
							    s->patience.cancel, e)
				  ? EDS_DONE
				  : EDS_FAILED;
	g_object_unref(contact);
	return outcome;
}

static enum eds_outcome
book_remove(struct eds_store *s, const char *id, GError **e)
{
	return e_book_client_remove_contact_by_uid_sync(E_BOOK_CLIENT(s->client), id,
							E_BOOK_OPERATION_FLAG_NONE,
							s->patience.cancel, e)
		       ? EDS_DONE
		       : EDS_FAILED;
}

/* Pictures go through files there: decoded, and encoded again. */
static void
picture_anew(EContact *contact, EContactField field)
{
	EContactPhoto *p = e_contact_get(contact, field);

	if (p && p->type == E_CONTACT_PHOTO_TYPE_INLINED)
		e_contact_set(contact, field, p);
	e_contact_photo_free(p);
}

static enum eds_outcome
book_print(const char *text, eds_object_fn *fn, void *ctx)
{
	EContact *contact = e_contact_new_from_vcard(text);

	picture_anew(contact, E_CONTACT_PHOTO);
	picture_anew(contact, E_CONTACT_LOGO);
	char *printed = print(contact);
	int stop = fn(ctx, "", printed, strlen(printed));

	g_free(printed);
	g_object_unref(contact);
	return stop ? EDS_STOPPED : EDS_DONE;
}

const struct eds_backend eds_book = {
	.connect = book_connect,
	.each = book_each,
	.ids = book_ids,
	.get = book_get,
	.add = book_add,
	.modify = book_modify,
	.remove = book_remove,
	.print = book_print,
};
