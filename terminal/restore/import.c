/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: see import.h.
 *
 *     source app (files of that form) -> each item as a record whose payload is its bytes -> cards.c
 *
 * The records name this device; none has a chunk, so nothing is ever asked of a server.
 */
#include "restore/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "account/log_copy.h"
#include "base/bytes.h"
#include "base/text.h"
#include "box/box_apps.h"
#include "item/form.h"
#include "merge/postings.h"
#include "os/spool.h"
#include "restore/restore_internal.h"

#define GROUP_ITEMS     64
#define GROUP_BYTES     (4u << 20)
#define IDS_IN_MEMORY   4096
#define NATIVE_ID_BYTES 4096

struct import {
	struct run r;
	struct log_state log; /* the account's, as known here: this device stands in it */
	struct target target;
	struct cards *cards; /* or, in an app of whole files, */
	struct files *files;
	struct app *from;
	struct app_session *reading;
	struct scratch *scratch; /* owned; of the two below */
	struct spool *sources;   /* owned; a stamp and a path each */
	struct postings *ids;    /* owned; the native ids so far */
	struct opened group[GROUP_ITEMS];
	size_t n_group;
	uint64_t group_bytes;
};

static void
group_clear(struct import *m)
{
	for (size_t i = 0; i < m->n_group; i++)
		opened_clear(&m->group[i]);
	m->n_group = 0;
	m->group_bytes = 0;
}

/* After run_end(), which frees what the run holds. */
static void
import_clear(struct import *m)
{
	group_clear(m);
	cards_free(m->cards);
	files_free(m->files);
	target_clear(&m->target);
	app_session_free(m->reading);
	app_free(m->from);
	spool_free(m->sources);
	postings_free(m->ids);
	scratch_free(m->scratch);
	log_state_clear(&m->log);
}
AUTO_OBJ(import_clear, struct import);

/* ---- a fetch that fetches nothing ---- */

static const struct account_keys *
no_keys(void *ctx, uint64_t epoch)
{
	(void)ctx;
	(void)epoch;
	return NULL; /* the account is locked */
}

static const struct log_device *
device_of(void *ctx, const struct id16 *id)
{
	return log_state_device(&((struct import *)ctx)->log, id);
}

static int
own_ids(struct device_keys **out, void *ctx, const struct id16 *id, struct err *err)
{
	const struct import *m = ctx;

	if (memcmp(id->b, m->r.me->device, sizeof id->b) != 0)
		return err_set(err, ERR_NOT_FOUND, "the ids of another device are not known here");
	return device_keys_new(out, m->r.me->keys.root, err);
}

static int
open_fetch(struct import *m, struct err *err)
{
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	struct opener_keys keys = {
		.ctx = m, .of_epoch = no_keys, .device_of = device_of, .ids_of = own_ids
	};
	struct fetch_source none = { 0 };
	struct id16 device;

	if (log_copy_read(&m->log, &raw, m->r.box, err) < 0)
		return -1;
	memcpy(device.b, m->r.me->device, sizeof device.b);
	keys.account = &m->log.account;
	keys.device = log_state_device(&m->log, &device);
	if (!keys.device)
		return err_set(err, ERR_AUTH, "the account log does not know this terminal");
	return fetch_new(&m->r.fetch, &keys, &none, err);
}

/* ---- native ids ---- */

/* The UID; without one `h:` and the content id; the second of an id `ID#2` (docs/formats). */
static int
native_id(struct buf *out, struct import *m, const struct app_item *item, struct err *err)
{
	AUTO(item_free) struct item *card = NULL;
	uint8_t id[ITEM_CONTENT_ID_BYTES];
	char hex[2 * ITEM_CONTENT_ID_BYTES + 1];
	struct field_key key;
	size_t before;

	if (item->uid.n) {
		if (buf_append(out, item->uid, err) < 0)
			return -1;
	} else {
		if (m->reading->adapter->form->parse(&card, item->bytes, item->place.source, 1,
						     NULL, err) < 0 ||
		    item_content_id(card, id, err) < 0)
			return -1;
		hex_encode(hex, SPAN_ARRAY(id));
		if (buf_append_fmt(out, err, "h:%s", hex) < 0)
			return -1;
	}
	key = key_hash(buf_span(out));
	if (postings_count(&before, m->ids, &key, err) < 0 ||
	    postings_add(m->ids, &key, 0, err) < 0)
		return -1;
	return before ? buf_append_fmt(out, err, "#%zu", before + 1) : 0;
}

/* ---- items ---- */

static int
take_group(struct import *m, struct err *err)
{
	int rc = m->n_group == 0 ? 0
		 : m->files      ? files_restore(m->files, m->group, m->n_group, err)
				 : cards_take(m->cards, m->group, m->n_group, err);

	group_clear(m);
	return rc;
}

/* @record as a backup would give it, with @bytes in it whole. */
static int
take_record(struct import *m, struct record *record, struct span bytes, struct err *err)
{
	AUTO(buf_clear) struct buf payload = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);
	const struct wire_item nowhere = { 0 };
	struct fetched it = { .at = &nowhere, .record = record };

	if (payload_build(&payload, bytes, NULL, 0, err) < 0)
		return -1;
	record->payload = buf_span(&payload);
	if (opened_copy(&m->group[m->n_group], &it, err) < 0) {
		opened_clear(&m->group[m->n_group]);
		return -1;
	}
	m->n_group++;
	m->group_bytes += bytes.n;
	return m->n_group == GROUP_ITEMS || m->group_bytes > GROUP_BYTES ? take_group(m, err) : 0;
}

/* app_item_fn */
static int
take_card(void *ctx, const struct app_item *item, struct err *err)
{
	struct import *m = ctx;
	AUTO(buf_clear) struct buf id = BUF_INIT(NATIVE_ID_BYTES);
	struct record record = { .app = span_str(m->target.app->name),
				 .live = true,
				 .name = item->name,
				 .mime = span_str(item->type),
				 .size_bytes = item->bytes.n,
				 /* none: a new card's file is named like the card */
				 .path = span_of(".", 1) };

	if (native_id(&id, m, item, err) < 0)
		return -1;
	record.native_id = buf_span(&id);
	return take_record(m, &record, item->bytes, err);
}

/* A broken card, or something in the folder that is none. */
static int
refuse(void *ctx, const struct app_refused *what, struct err *err)
{
	struct import *m = ctx;
	AUTO(buf_clear) struct buf place = BUF_INIT(NATIVE_ID_BYTES + 32);
	const char *source = what->source ? what->source : m->from->path;
	size_t row;

	if (buf_append_fmt(&place, err, what->line ? "%s:%u" : "%s", source, what->line) < 0 ||
	    row_add(&row, &m->r, span_str(m->target.app->name), buf_span(&place), buf_span(&place),
		    err) < 0)
		return -1;
	return result_set(&m->r, row, RESTORE_FAILED, what->why->msg, err);
}

/* app_item_fn: a whole file, which goes to the path that it has below the folder. */
static int
take_file(void *ctx, const struct app_item *item, struct err *err)
{
	struct import *m = ctx;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	struct span path = span_str(item->place.source);
	struct record record = { .app = span_str(m->target.app->name),
				 .native_id = path,
				 .live = true,
				 .name = item->name,
				 .mime = span_str("application/octet-stream"),
				 .size_bytes = item->place.size,
				 .path = path,
				 .has_modified = item->modified_unix_ms >= 0,
				 .modified_unix_ms = (uint64_t)item->modified_unix_ms };
	struct err why = { 0 };
	int rc = item_read_all(&bytes, m->reading, &item->place, &why);

	if (rc == 0)
		return take_record(m, &record, buf_span(&bytes), err);
	if (rc < 0 && why.code == ERR_NOMEM)
		return *err = why, -1;
	if (rc == APP_MOVED)
		err_set(&why, ERR_CONFLICT, "%s changed while it was read", item->place.source);
	else if (why.code == ERR_LIMIT)
		err_set(&why, ERR_LIMIT, "larger than %u MiB: copy it into %s yourself",
			ITEM_BYTES_MAX >> 20, m->target.app->path);
	struct app_refused refused = { .source = item->place.source, .why = &why };
	return refuse(m, &refused, err);
}

/* ---- sources ---- */

/* app_source_fn.  All are known before the first item is written: none of those is one of them. */
static int
add_source(void *ctx, const struct app_source *source, struct err *err)
{
	struct import *m = ctx;
	AUTO(buf_clear) struct buf row = BUF_INIT(sizeof source->stamp + APP_PATH_MAX + 1);

	if (buf_append(&row, span_of(&source->stamp, sizeof source->stamp), err) < 0 ||
	    buf_append(&row, span_of(source->path, strlen(source->path) + 1), err) < 0)
		return -1;
	return spool_put(m->sources, buf_span(&row), err);
}

/* 0, SPOOL_END or -1. */
static int
next_source(struct app_source *out, struct import *m, struct err *err)
{
	struct span row;
	int rc = spool_next(&row, m->sources, err);

	if (rc)
		return rc;
	memcpy(&out->stamp, row.p, sizeof out->stamp);
	out->path = (const char *)row.p + sizeof out->stamp;
	return 0;
}

/* ---- from the request to the receipt ---- */

static int
open_source(struct import *m, const char *file, struct err *err)
{
	AUTO(free) char *path = realpath(file, NULL);
	const struct adapter *reads;

	if (!path && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "there is no %s", file);
	if (!path)
		return err_sys(err, errno, "%s", file);
	reads = adapter_for_import(m->target.session->adapter->form, path);
	return app_new(&m->from, "import", reads->name, path, err) < 0 ||
			       app_session_open(&m->reading, m->from, err) < 0
		       ? -1
		       : 0;
}

static int
open_target(struct import *m, const char *app, struct err *err)
{
	struct app_session *s;

	m->target.in_box = true;
	if (box_app_get(&m->target.app, m->r.box, app, err) < 0 ||
	    app_session_open(&m->target.session, m->target.app, err) < 0)
		return -1;
	s = m->target.session;
	/* Other apps of whole files put them together in ways of their own. */
	if (s->adapter->form || strcmp(s->adapter->name, "files") == 0)
		return m->r.rq->preview ? 0 : app_session_ready(s, err);
	err_set(err, ERR_UNSUPPORTED, "%s takes no files one by one", app);
	return err_hint(err, "copy them into %s; Cloudbox finds them there", m->target.app->path);
}

static int
read_all(struct import *m, struct err *err)
{
	const struct adapter *a = m->reading->adapter;
	struct app_source source;
	int rc;

	if (scratch_new(&m->scratch, box_home_fd(m->r.box), err) < 0 ||
	    spool_new_in(&m->sources, m->scratch, err) < 0 ||
	    postings_new(&m->ids, m->scratch, IDS_IN_MEMORY, err) < 0 ||
	    a->sources(m->reading, add_source, refuse, m, err) < 0)
		return -1;
	spool_rewind(m->sources);
	while ((rc = next_source(&source, m, err)) == 0) {
		rc = a->read_source(m->reading, &source, m->files ? take_file : take_card, refuse,
				    m, err);
		if (rc == APP_MOVED)
			return err_set(err, ERR_CONFLICT, "%s changed while it was read",
				       source.path);
		if (rc < 0 || run_check_cancelled(&m->r, err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : take_group(m, err);
}

static int
import(struct import *m, const struct import_request *rq, struct err *err)
{
	struct app_session *s;

	m->r.crossing = true;
	if (open_fetch(m, err) < 0 || open_target(m, rq->app, err) < 0 ||
	    open_source(m, rq->file, err) < 0 || run_begin(&m->r, err) < 0)
		return -1;
	s = m->target.session;
	if (!m->r.rq->preview && s->adapter->tidy(s, err) < 0)
		return -1;
	if (s->adapter->form ? cards_new(&m->cards, &m->r, &m->target, err) < 0
			     : files_new(&m->files, &m->r, &m->target, err) < 0)
		return -1;
	if (read_all(m, err) < 0)
		return -1;
	return m->files ? files_finish(m->files, err) : cards_finish(m->cards, err);
}

int
import_run(struct restore_result *out, struct box *box, const struct import_request *request,
	   const struct restore_watch *watch, struct err *err)
{
	struct restore_request rq = { .app = request->app, .preview = request->preview };
	AUTO(import_clear)
	struct import m = { .r = { .out = out, .box = box, .rq = &rq, .watch = watch } };

	if (box_identity_need(&m.r.me, box, err) < 0 ||
	    box_lock(box, BOX_LOCK_WAIT_MS, NULL, NULL, err) < 0)
		return -1;
	return run_end(&m.r, import(&m, request, err), err);
}
