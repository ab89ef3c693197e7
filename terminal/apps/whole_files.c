/* SPDX-License-Identifier: Apache-2.0 */
/* whole_files: adapter.apply of apps whose items are whole files; see folder_session.h. */
#include <string.h>

#include "apps/folder_session.h"
#include "apps/item_writer.h"

static int
add(struct app_session *s, struct app_change *c, struct err *err)
{
	AUTO(item_writer_free) struct item_writer *w = NULL;

	if (!c->path)
		return err_set(err, ERR_USAGE, "a file needs a path");
	if (item_writer_open(&w, s, c->path, err) < 0 || item_writer_write(w, c->bytes, err) < 0)
		return -1;
	int rc = item_writer_finish(w, INT64_MIN, &c->written, err);
	if (rc == APP_EXISTS)
		return err_set(err, ERR_EXISTS, "there is a file %s", c->path);
	if (rc < 0)
		return -1;
	c->written_path = strdup(c->path);
	if (!c->written_path)
		return err_nomem(err);
	c->written.source = c->written_path;
	return 0;
}

int
folder_remove_file(struct app_session *s, const struct app_place *place, struct err *err)
{
	struct folder_session *f = folder_session_of(s);
	const char *name;
	int fd = -1;
	int rc = folder_of(&fd, &name, &f->folder, place->source, FOLDER_MISSING_FAILS, err);

	if (rc)
		return rc;
	rc = folder_unlink(fd, name, &place->stamp, err);
	os->close(fd);
	return rc;
}

typedef int remove_fn(struct app_session *s, const struct app_place *place, struct err *err);

static int
change(struct app_session *s, struct app_change *c, remove_fn *remove, struct err *err)
{
	switch (c->kind) {
	case APP_ADD:
		return add(s, c, err);
	case APP_REMOVE:
		return remove(s, &c->place, err);
	case APP_REPLACE:
		break;
	}
	return err_set(err, ERR_UNSUPPORTED, "files are never replaced");
}

int
whole_files_apply(struct app_session *s, struct app_change *changes, size_t n, remove_fn *remove,
		  struct err *err)
{
	size_t failed = 0;

	for (size_t i = 0; i < n; i++) {
		int rc = change(s, &changes[i], remove, &changes[i].err);

		changes[i].result = rc == 0           ? APP_CHANGE_DONE
				    : rc == APP_MOVED ? APP_CHANGE_CONFLICT
						      : APP_CHANGE_FAILED;
		failed += rc != 0;
	}
	if (failed)
		return err_set(err, ERR_PARTIAL, "%zu of %zu changes were not made", failed, n);
	return 0;
}
