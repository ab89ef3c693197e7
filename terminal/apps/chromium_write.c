/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chromium_write: changes to a Chromium profile's bookmarks, while Chromium does not run.
 *
 * The tree is changed in memory and takes the file's place by one rename; rollback is to forget it.
 * A running Chromium keeps its bookmarks in memory, would not see the new file and write over it: so
 * SingletonLock is looked at first, and again right before the rename.
 */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "apps/chromium_internal.h"
#include "apps/folder_session.h"
#include "apps/row_app.h"
#include "base/array.h"
#include "base/bytes.h"
#include "base/text.h"
#include "item/weburl.h"

#define REMOVED_KEY "cloudbox_removed" /* of an entry that is to be taken out at the end */
#define GUID_BYTES  37                 /* of a UUID in text, and NUL */

/* ---- is it running? ---- */

/* The link names the computer and the process: "host-123". */
static bool
is_running(const struct chromium *c)
{
	char path[APP_PATH_MAX + 16], link[512], host[256] = "";
	ssize_t n;

	snprintf(path, sizeof path, "%s/SingletonLock", c->user_data);
	n = readlink(path, link, sizeof link - 1);
	if (n <= 0)
		return false;
	link[n] = '\0';
	char *dash = strrchr(link, '-');
	if (!dash || gethostname(host, sizeof host - 1) < 0)
		return true;
	*dash = '\0';
	long pid = strtol(dash + 1, NULL, 10);
	if (strcmp(link, host) != 0 || pid <= 0)
		return true; /* another computer has the folder: Chromium refuses, too */
	return kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

static int
check_closed(const struct chromium *c, struct err *err)
{
	if (!is_running(c))
		return 0;
	err_set(err, ERR_BUSY, "Chromium is open, and nothing can be written now");
	return err_hint(err, "close Chromium and do it again");
}

int
chromium_begin(void *store, struct err *err)
{
	struct chromium *c = store;

	if (check_closed(c, err) < 0)
		return -1;
	chromium_forget(c); /* what was changed and taken back is not to be seen again */
	int rc = chromium_need_tree(c, err);
	if (rc == APP_MOVED)
		return err_set(err, ERR_CONFLICT, "Chromium's bookmarks change right now");
	c->is_writing = rc == 0;
	return rc;
}

void
chromium_rollback(void *store)
{
	struct chromium *c = store;

	if (c->is_writing)
		chromium_forget(c);
	c->is_writing = false;
}

/* ---- nodes ---- */

static int
set_text(struct json_object *node, const char *key, struct span text, struct err *err)
{
	struct json_object *value = json_object_new_string_len((const char *)text.p, (int)text.n);

	if (value && json_object_object_add(node, key, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

static int
set_number(struct json_object *node, const char *key, int64_t n, struct err *err)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)n);
	return set_text(node, key, span_str(text), err);
}

static int64_t
chromium_us(int64_t unix_ms)
{
	return (unix_ms + CHROMIUM_EPOCH_MS) * 1000;
}

static int64_t
now_us(void)
{
	return chromium_us(os->now_unix_ms());
}

static void
guid_random(char out[static GUID_BYTES])
{
	uint8_t id[16];
	char urn[UUID8_URN_BYTES];

	os_random(id, sizeof id);
	uuid8_urn(urn, id);
	memcpy(out, urn + strlen("urn:uuid:"), GUID_BYTES);
	out[14] = '4'; /* RFC 9562: random */
}

/* The id that we give a folder of that name in that parent: by it undo knows it. */
static void
guid_of_folder(char out[static GUID_BYTES], struct span parent_guid, struct span name)
{
	static const char purpose[] = "cloudbox folder";
	crypto_generichash_state state;
	uint8_t id[16];
	char urn[UUID8_URN_BYTES];

	crypto_generichash_init(&state, NULL, 0, sizeof id);
	crypto_generichash_update(&state, (const uint8_t *)purpose, sizeof purpose);
	crypto_generichash_update(&state, parent_guid.p, parent_guid.n);
	crypto_generichash_update(&state, (const uint8_t *)"", 1);
	crypto_generichash_update(&state, name.p, name.n);
	crypto_generichash_final(&state, id, sizeof id);
	uuid8_urn(urn, id);
	memcpy(out, urn + strlen("urn:uuid:"), GUID_BYTES);
}

/* Append @node, which becomes @parent's, and tell @parent's time. */
static int
append_child(struct json_object *parent, struct json_object *node, struct err *err)
{
	struct json_object *children = chromium_children(parent);

	if (!children) {
		children = json_object_new_array();
		if (!children || json_object_object_add(parent, "children", children) != 0) {
			json_object_put(children);
			json_object_put(node);
			return err_nomem(err);
		}
	}
	if (json_object_array_add(children, node) != 0) {
		json_object_put(node);
		return err_nomem(err);
	}
	return set_number(parent, "date_modified", now_us(), err);
}

/* What is common to folders and bookmarks; keys in Chromium's order. */
static int
fill_node(struct json_object *node, int64_t id, const char *guid, struct span name,
	  int64_t added_us, const char *type, struct err *err)
{
	return set_number(node, "date_added", added_us, err) < 0 ||
			       set_text(node, "date_last_used", span_str("0"), err) < 0 ||
			       (strcmp(type, "folder") == 0 &&
				set_number(node, "date_modified", added_us, err) < 0) ||
			       set_text(node, "guid", span_str(guid), err) < 0 ||
			       set_number(node, "id", id, err) < 0 ||
			       set_text(node, "name", name, err) < 0
		       ? -1
		       : set_text(node, "type", span_str(type), err);
}

static int
set_meta(struct json_object *node, struct err *err)
{
	struct json_object *meta = json_object_new_object();

	if (!meta || json_object_object_add(node, "meta_info", meta) != 0) {
		json_object_put(meta);
		return err_nomem(err);
	}
	return set_text(meta, CHROMIUM_ROOT_KEY, span_str(CHROMIUM_ROOT_MENU), err);
}

/* A folder in the node @parent; @is_menu: it is to be the menu's. */
static int
make_node(struct json_object **out, struct chromium *c, struct json_object *parent,
	  struct span name, bool is_menu, struct err *err)
{
	AUTO(chromium_free) struct json_object *node = json_object_new_object();
	struct json_object *children = json_object_new_array();
	char guid[GUID_BYTES];

	guid_of_folder(guid, chromium_text(parent, "guid"), name);
	if (!node || !children || json_object_object_add(node, "children", children) != 0) {
		json_object_put(children);
		return err_nomem(err);
	}
	if (fill_node(node, ++c->last_id, guid, name, now_us(), "folder", err) < 0 ||
	    (is_menu && set_meta(node, err) < 0))
		return -1;
	*out = node;
	return append_child(parent, TAKE(node), err);
}

static int
make_folder(uint32_t *out, struct chromium *c, uint32_t parent, struct span name, struct err *err)
{
	enum bookmark_root root = c->folders.list[parent].root;
	struct json_object *node;

	if (make_node(&node, c, c->folders.list[parent].what, name, false, err) < 0 ||
	    bookmark_folders_add(out, &c->folders, parent, root, name, err) < 0)
		return -1;
	c->folders.list[*out].what = node;
	return 0;
}

/* The menu, which Chromium does not have, is a folder of "other". */
static int
make_menu(struct chromium *c, struct err *err)
{
	struct span name = span_str(_("Bookmarks menu"));
	uint32_t other = c->roots[BOOKMARK_UNFILED], *menu = &c->roots[BOOKMARK_MENU];
	struct json_object *node;

	if (make_node(&node, c, c->folders.list[other].what, name, true, err) < 0 ||
	    bookmark_folders_add(menu, &c->folders, BOOKMARK_NO_FOLDER, BOOKMARK_MENU, name, err) <
		    0)
		return -1;
	c->folders.list[*menu].what = node;
	return 0;
}

/* 0, ROW_REFUSED or -1. */
static int
need_path(uint32_t *out, struct chromium *c, const struct bookmark *b, struct err *err)
{
	if (b->root == BOOKMARK_MENU && c->roots[BOOKMARK_MENU] == BOOKMARK_NO_FOLDER &&
	    make_menu(c, err) < 0)
		return -1;
	uint32_t at = c->roots[b->root], parent;
	if (at == BOOKMARK_NO_FOLDER) {
		err_set(err, ERR_NOT_FOUND, "this profile has no folder for mobile bookmarks");
		return ROW_REFUSED;
	}
	for (size_t i = 0; i < b->n_folders; i++) {
		parent = at;
		at = bookmark_folders_find(&c->folders, parent, b->folders[i]);
		if (at == BOOKMARK_NO_FOLDER && make_folder(&at, c, parent, b->folders[i], err) < 0)
			return -1;
	}
	*out = at;
	return 0;
}

/* ---- add, replace, remove ---- */

/* The address as Chromium has it.  0, ROW_REFUSED or -1. */
static int
address(struct buf *out, const struct bookmark *b, struct err *err)
{
	int rc = weburl_chromium(out, b->url, err);

	if (rc != WEBURL_INVALID)
		return rc;
	err_set(err, ERR_UNSUPPORTED, "Chromium takes no such address as this bookmark has");
	return ROW_REFUSED;
}

static int
append_row(struct chromium *c, struct json_object *node, uint32_t folder, struct err *err)
{
	if (array_reserve((void **)&c->rows, &c->cap_rows, c->n_rows + 1, sizeof *c->rows,
			  SIZE_MAX / sizeof *c->rows, err) < 0)
		return -1;
	c->rows[c->n_rows++] = (struct chromium_row){ c->last_id, node, folder };
	return 0;
}

int
chromium_add(void *store, struct span bytes, int64_t *number, struct err *err)
{
	struct chromium *c = store;
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };
	AUTO(buf_clear) struct buf url = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(chromium_free) struct json_object *node = json_object_new_object();
	char guid[GUID_BYTES];
	uint32_t folder;
	int rc;

	if (!node)
		return err_nomem(err);
	if (bookmark_parse(&b, bytes, err) < 0)
		return -1;
	rc = address(&url, &b, err);
	if (rc == 0)
		rc = need_path(&folder, c, &b, err);
	if (rc)
		return rc;
	guid_random(guid);
	if (fill_node(node, ++c->last_id, guid, b.title,
		      b.added_unix_ms ? chromium_us(b.added_unix_ms) : now_us(), "url", err) < 0 ||
	    set_text(node, "url", buf_span(&url), err) < 0 || append_row(c, node, folder, err) < 0)
		return -1;
	*number = c->last_id;
	return append_child(c->folders.list[folder].what, TAKE(node), err);
}

int
chromium_replace(void *store, int64_t number, struct span bytes, struct err *err)
{
	struct chromium *c = store;
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };
	struct chromium_row *row = chromium_find_row(c, number);

	if (!row || !row->node)
		return err_set(err, ERR_CONFLICT, "the bookmark is gone");
	if (bookmark_parse(&b, bytes, err) < 0)
		return -1;
	return set_text(row->node, "name", b.title, err);
}

/* It stays in the tree until the end: taking many out of one folder is one pass. */
int
chromium_remove(void *store, int64_t number, struct err *err)
{
	struct chromium *c = store;
	struct chromium_row *row = chromium_find_row(c, number);

	if (!row || !row->node)
		return err_set(err, ERR_CONFLICT, "the bookmark is gone");
	if (json_object_object_add(row->node, REMOVED_KEY, NULL) != 0)
		return err_nomem(err);
	row->node = NULL;
	c->folders.list[row->folder].where = 1; /* something is to be taken out */
	return 0;
}

/* ---- at the end ---- */

static bool
is_removed(struct json_object *node)
{
	return json_object_object_get_ex(node, REMOVED_KEY, NULL);
}

static int
take_out(struct json_object *folder, struct err *err)
{
	struct json_object *old = chromium_children(folder), *kept = json_object_new_array();

	if (!kept)
		return err_nomem(err);
	for (size_t i = 0; old && i < json_object_array_length(old); i++) {
		struct json_object *child = json_object_array_get_idx(old, i);

		if (!is_removed(child) &&
		    json_object_array_add(kept, json_object_get(child)) != 0) {
			json_object_put(child);
			json_object_put(kept);
			return err_nomem(err);
		}
	}
	if (json_object_object_add(folder, "children", kept) != 0) {
		json_object_put(kept);
		return err_nomem(err);
	}
	return set_number(folder, "date_modified", now_us(), err);
}

/* Is it a folder that we made, in @parent, and empty now? */
static bool
is_ours_and_empty(struct json_object *folder, struct json_object *parent)
{
	struct json_object *children = chromium_children(folder);
	char guid[GUID_BYTES];

	guid_of_folder(guid, chromium_text(parent, "guid"), chromium_text(folder, "name"));
	return children && json_object_array_length(children) == 0 &&
	       span_equal(chromium_text(folder, "guid"), span_str(guid));
}

/* A folder comes behind its parent in the list: from the end on, inner ones are done first. */
static int
take_out_all(struct chromium *c, struct err *err)
{
	for (size_t i = c->folders.n; i > 0; i--) {
		struct bookmark_folder *f = &c->folders.list[i - 1];
		uint32_t parent = f->parent;

		if (!f->where)
			continue;
		if (take_out(f->what, err) < 0)
			return -1;
		if (parent == BOOKMARK_NO_FOLDER && f->root == BOOKMARK_MENU)
			parent = c->roots[BOOKMARK_UNFILED];
		if (parent == BOOKMARK_NO_FOLDER ||
		    !is_ours_and_empty(f->what, c->folders.list[parent].what))
			continue;
		if (json_object_object_add(f->what, REMOVED_KEY, NULL) != 0)
			return err_nomem(err);
		c->folders.list[parent].where = 1;
	}
	/* The menu may come behind its parent, "other": once more for that one. */
	uint32_t other = c->roots[BOOKMARK_UNFILED];
	return other != BOOKMARK_NO_FOLDER && c->folders.list[other].where
		       ? take_out(c->folders.list[other].what, err)
		       : 0;
}

static int
write_piece(void *ctx, struct span piece, struct err *err)
{
	return os_write_all(*(int *)ctx, piece, "Bookmarks", err);
}

/* Into place of what was read, or, where there was none, to a name that is free. */
static int
put_file(struct chromium *c, struct folder_file *file, const struct stat *like, struct err *err)
{
	struct app_stamp stamp;
	int rc;

	if (check_closed(c, err) < 0)
		return -1;
	rc = c->stamp.inode ? folder_file_replace(file, c->name, like, &stamp, err)
			    : folder_file_link(file, c->name, &stamp, err);
	return rc > 0 ? err_set(err, ERR_CONFLICT, "Chromium's bookmarks changed in the meantime")
		      : rc;
}

static int
write_file(struct chromium *c, struct err *err)
{
	AUTO(folder_file_clear) struct folder_file file = FOLDER_FILE_INIT;
	struct stat like = { 0 };
	const char *name;
	int folder_fd, rc;

	if (c->stamp.inode && os->fstatat(c->folder.fd, c->name, &like, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "cannot look at %s", c->name);
	struct app_stamp now = folder_stamp(&like);
	if (c->stamp.inode && !app_stamp_equal(&now, &c->stamp))
		return err_set(err, ERR_CONFLICT, "Chromium's bookmarks changed in the meantime");
	rc = folder_of(&folder_fd, &name, &c->folder, c->name, FOLDER_MISSING_FAILS, err);
	if (rc)
		return rc < 0 ? -1 : err_set(err, ERR_CONFLICT, "the profile is gone");
	if (folder_file_new(&file, folder_fd, err) < 0 ||
	    chromium_print(c->tree, write_piece, &file.fd, err) < 0 ||
	    (c->stamp.inode && folder_file_look_like(&file, c->name, &like, err) < 0))
		return -1;
	return put_file(c, &file, &like, err);
}

int
chromium_commit(void *store, struct err *err)
{
	struct chromium *c = store;
	char sum[CHROMIUM_CHECKSUM_BYTES];

	if (take_out_all(c, err) < 0 || chromium_checksum(sum, c->tree, err) < 0 ||
	    set_text(c->tree, "checksum", span_str(sum), err) < 0 || write_file(c, err) < 0)
		return -1;
	chromium_rollback(c); /* the tree has the old file's stamp */
	return 0;
}

int
chromium_shown(struct buf *out, void *store, struct span bytes, struct err *err)
{
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };
	AUTO(buf_clear) struct buf url = BUF_INIT(ITEM_BYTES_MAX);
	int rc;

	(void)store;
	if (bookmark_parse(&b, bytes, err) < 0)
		return -1;
	rc = address(&url, &b, err);
	if (rc == 0 && b.added_unix_ms == 0)
		rc = ROW_REFUSED; /* it will be the moment of writing */
	if (rc)
		return rc;
	struct bookmark shown = { .root = b.root,
				  .folders = b.folders,
				  .n_folders = b.n_folders,
				  .url = buf_span(&url),
				  .title = b.title,
				  .added_unix_ms = b.added_unix_ms };
	return bookmark_print(out, &shown, err);
}

int
chromium_tidy(void *store, struct err *err)
{
	struct chromium *c = store;
	struct folder_session files = { .folder = { c->folder.fd, c->name } };

	return folder_session_tidy(&files.base, err);
}
