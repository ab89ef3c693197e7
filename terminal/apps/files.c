/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files: documents, pictures, music, videos and anything else that is a file: every regular file in
 * a folder is an item, its native id the relative path.  Merged by path and content: the terminal's
 * file stays, a different one from the backup goes beside it, so nothing is ever replaced.
 *
 * A scan stats; nothing is opened but folders.  Types come from libmagic, from at most 4 KiB.
 */
#include <errno.h>
#include <magic.h>
#include <string.h>

#include "apps/app_item.h"
#include "apps/find.h"
#include "apps/folder_session.h"
#include "apps/item_writer.h"
#include "apps/taken.h"

#define FILES_TYPE_BYTES   4096
#define FILES_TYPE_UNKNOWN "application/octet-stream"

static void
files_close(struct app_session *s)
{
	magic_t magic = folder_session_of(s)->state;

	if (magic)
		magic_close(magic);
	folder_session_close(s);
}

static int
files_sources(struct app_session *s, app_source_fn *fn, app_refused_fn *refused, void *ctx,
	      struct err *err)
{
	return folder_walk(&folder_session_of(s)->folder, NULL, fn, refused, ctx, err);
}

static int
files_read_source(struct app_session *s, const struct app_source *source, app_item_fn *fn,
		  app_refused_fn *refused, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(8192);
	const char *slash = strrchr(source->path, '/');
	struct app_item item = {
		.place = { .source = source->path,
			   .stamp = source->stamp,
			   .size = source->stamp.size },
		.modified_unix_ms = source->stamp.mtime_ns / 1000000,
	};

	(void)s;
	(void)refused;
	if (name_for_people(&name, span_str(slash ? slash + 1 : source->path), err) < 0)
		return -1;
	item.name = buf_span(&name);
	return fn(ctx, &item, err);
}

/* The magic library's tables are large: loaded when the first type is asked for. */
static magic_t
files_magic(struct folder_session *s)
{
	if (!s->state) {
		magic_t magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS);
		if (magic && magic_load(magic, NULL) < 0) {
			magic_close(magic);
			magic = NULL;
		}
		s->state = magic;
	}
	return s->state;
}

static int
files_type(const char **out, struct app_session *s, const struct app_place *place, struct err *err)
{
	struct folder_session *f = folder_session_of(s);
	uint8_t head[FILES_TYPE_BYTES];
	size_t n;
	int fd = -1, rc = folder_open_file(&fd, &f->folder, place->source, &place->stamp, err);

	if (rc)
		return rc;
	rc = os_read_full(fd, head, sizeof head, &n, place->source, err);
	os->close(fd);
	if (rc < 0)
		return -1;
	magic_t magic = files_magic(f);
	const char *type = magic ? magic_buffer(magic, head, n) : NULL;
	*out = type && strchr(type, '/') ? type : FILES_TYPE_UNKNOWN;
	return 0;
}

struct open_file {
	int fd;
};

static bool
read_at(void *ctx, uint64_t at, uint8_t *out, size_t n)
{
	const struct open_file *o = ctx;

	for (size_t got = 0; got < n;) {
		ssize_t came = os->pread(o->fd, out + got, n - got, (off_t)(at + got));

		if (came <= 0 && (came == 0 || errno != EINTR))
			return false;
		got += came > 0 ? (size_t)came : 0;
	}
	return true;
}

static int
files_taken(char out[static APP_TAKEN_BYTES], struct app_session *s, const struct app_place *place,
	    struct err *err)
{
	struct open_file o = { -1 };
	struct taken_file file = { .read = read_at, .ctx = &o, .size = place->stamp.size };
	int rc = folder_open_file(&o.fd, &folder_session_of(s)->folder, place->source,
				  &place->stamp, err);

	if (rc)
		return rc;
	taken_of(out, &file);
	os->close(o.fd);
	return 0;
}

static int
files_open_item(struct item_reader **out, struct app_session *s, const struct app_place *place,
		struct err *err)
{
	return folder_reader_new(out, folder_session_of(s), place, err);
}

static int
files_apply(struct app_session *s, struct app_change *changes, size_t n, struct err *err)
{
	return whole_files_apply(s, changes, n, folder_remove_file, err);
}

extern const struct adapter adapter_files;
const struct adapter adapter_files = {
	.name = "files",
	.find = files_find,
	.open = folder_session_open,
	.close = files_close,
	.sources = files_sources,
	.stamp = folder_session_stamp,
	.tidy = folder_session_tidy,
	.read_source = files_read_source,
	.type = files_type,
	.taken = files_taken,
	.open_item = files_open_item,
	.apply = files_apply,
	.create = folder_writer_new,
};
