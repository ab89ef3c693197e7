/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firefox_tags: tags and keywords, which belong to the address and not to the bookmark.
 *
 * So those of an edit are put aside (temp.tags, temp.keywords) and written at the end: until then every
 * bookmark shows what it showed, but the edited one.
 */
#include <stdlib.h>
#include <string.h>

#include "apps/firefox_write.h"
#include "apps/places.h"
#include "apps/row_app.h"

#define SEEN_TEXT_MAX ((size_t)1 << 20) /* tags and keyword of one page */

static int
put_aside(struct firefox *f, const char *sql, int64_t id, int64_t place, struct span text,
	  bool added, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_open(&q, &f->db.sql, sql, err) < 0)
		return -1;
	query_int(&q, 1, id);
	query_int(&q, 2, place);
	query_text_span(&q, 3, text);
	query_int(&q, 4, added);
	return query_run(&q, err);
}

#define ASIDE_TAG     "INSERT INTO temp.tags VALUES(?1, ?2, ?3, ?4)"
#define ASIDE_KEYWORD "INSERT INTO temp.keywords VALUES(?1, ?2, ?3, ?4)"

static bool
has_tag(const struct bookmark *b, struct span tag)
{
	for (size_t i = 0; i < b->n_tags; i++)
		if (span_equal(b->tags[i], tag))
			return true;
	return false;
}

/* The tags of @b that @other has not. */
int
firefox_aside_tags(struct firefox *f, int64_t id, int64_t place, const struct bookmark *b,
		   const struct bookmark *other, bool added, struct err *err)
{
	for (size_t i = 0; i < b->n_tags; i++)
		if (!has_tag(other, b->tags[i]) &&
		    put_aside(f, ASIDE_TAG, id, place, b->tags[i], added, err) < 0)
			return -1;
	return 0;
}

/* Has nobody this keyword, and the page none?  *is_free tells. */
static int
keyword_is_free(bool *is_free, struct firefox *f, int64_t place, struct span keyword,
		struct err *err)
{
	int64_t taken;

	if (firefox_ask(&taken, f,
			"SELECT 1 FROM moz_keywords WHERE keyword = ?2 OR (place_id = ?1 AND"
			" coalesce(post_data, '') = '')",
			place, keyword, err) < 0)
		return -1;
	*is_free = taken < 0;
	if (!*is_free || !f->is_writing)
		return 0;
	if (firefox_ask(
		    &taken, f,
		    "SELECT 1 FROM temp.keywords WHERE added AND (keyword = ?2) <> (place = ?1)",
		    place, keyword, err) < 0)
		return -1;
	*is_free = taken < 0;
	return 0;
}

int
firefox_aside_keyword(struct firefox *f, int64_t id, int64_t place, struct span keyword,
		      struct err *err)
{
	bool is_free;

	if (keyword.n == 0)
		return 0;
	if (keyword_is_free(&is_free, f, place, keyword, err) < 0)
		return -1;
	return is_free ? put_aside(f, ASIDE_KEYWORD, id, place, keyword, true, err) : 0;
}
/* The keyword goes, at the end. */
int
firefox_aside_no_keyword(struct firefox *f, int64_t id, int64_t place, struct span keyword,
			 struct err *err)
{
	return put_aside(f, ASIDE_KEYWORD, id, place, keyword, false, err);
}

/* What is put aside of an earlier edit of this row counts no more. */
int
firefox_forget_aside(struct firefox *f, int64_t id, struct err *err)
{
	return firefox_run(f, "DELETE FROM temp.tags WHERE bookmark = ?1", id, 0, 0, err) < 0
		       ? -1
		       : firefox_run(f, "DELETE FROM temp.keywords WHERE bookmark = ?1", id, 0, 0,
				     err);
}

/* ---- at the end ---- */

static int
write_tag(struct firefox *f, int64_t place, struct span tag, struct err *err)
{
	char guid[PLACES_GUID_BYTES];
	int64_t folder;

	if (firefox_need_folder(&folder, f, f->tags_root, tag, err) < 0)
		return -1;
	places_guid_random(guid);
	if (firefox_insert(f, FIREFOX_TYPE_URL, place, folder, span_of(NULL, 0), guid, 0, err) <
		    0 ||
	    firefox_count_page(f, place, 1, err) < 0 || firefox_touch_folder(f, folder, err) < 0)
		return -1;
	return firefox_touch_bookmarks_of(f, place, err);
}

/* Call @fn for what @sql lists: places, and texts. */
static int
for_all(struct firefox *f, const char *sql,
	int (*fn)(struct firefox *f, int64_t place, struct span text, struct err *err),
	struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, &f->db.sql, sql, err) < 0)
		return -1;
	if (sqlite3_bind_parameter_count(q.stmt))
		query_int(&q, 1, f->tags_root);
	while ((rc = query_step(&q, err)) == QUERY_ROW)
		if (fn(f, query_column_int(&q, 0), query_column_blob(&q, 1), err) < 0)
			return -1;
	return rc;
}

/* Entry @id of a tag goes, and the tag with its last one. */
static int
delete_tag_entry(struct firefox *f, int64_t id, struct span unused, struct err *err)
{
	struct firefox_row row, folder;
	int64_t more;
	int rc = firefox_look(&row, f, id, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (firefox_delete_row(f, id, &row, err) < 0 ||
	    firefox_touch_bookmarks_of(f, row.place, err) < 0 ||
	    firefox_ask(&more, f,
			"SELECT 1 FROM moz_bookmarks WHERE parent = ?1 LIMIT 1 + length(?2)",
			row.parent, unused, err) < 0)
		return -1;
	rc = more < 0 ? firefox_look(&folder, f, row.parent, err) : APP_MOVED;
	return rc == 0 ? firefox_delete_row(f, row.parent, &folder, err) : rc < 0 ? -1 : 0;
}

static int
write_keyword(struct firefox *f, int64_t place, struct span keyword, struct err *err)
{
	int64_t none;

	if (firefox_ask(&none, f,
			"INSERT INTO moz_keywords(place_id, keyword, post_data) VALUES(?1, ?2, '')",
			place, keyword, err) < 0 ||
	    firefox_count_page(f, place, 1, err) < 0)
		return -1;
	return firefox_touch_bookmarks_of(f, place, err);
}

static int
delete_keyword(struct firefox *f, int64_t place, struct span keyword, struct err *err)
{
	int64_t none;

	if (firefox_ask(&none, f, "DELETE FROM moz_keywords WHERE place_id = ?1 AND keyword = ?2",
			place, keyword, err) < 0)
		return -1;
	int gone = sqlite3_changes(f->db.sql.db);
	if (gone == 0)
		return 0;
	return firefox_count_page(f, place, -gone, err) < 0
		       ? -1
		       : firefox_touch_bookmarks_of(f, place, err);
}

/* Positions count without gaps. */
static int
close_gaps(struct firefox *f, int64_t parent, struct span unused, struct err *err)
{
	(void)unused;
	return firefox_run(
		f,
		"UPDATE moz_bookmarks SET position = n.at FROM (SELECT id, row_number() OVER"
		" (ORDER BY position, id) - 1 AS at FROM moz_bookmarks WHERE parent = ?1) n"
		" WHERE moz_bookmarks.id = n.id AND moz_bookmarks.position <> n.at",
		parent, 0, 0, err);
}

/* Entries of tags: of those taken off, and of pages that lost their last bookmark. */
#define TAGS_OF_PAGE                                                                               \
	"SELECT e.id, '' FROM moz_bookmarks e JOIN moz_bookmarks t ON t.id = e.parent"             \
	" WHERE t.parent = ?1 AND e.type = 1 AND "
#define LAST_BOOKMARK_LEFT                                                                         \
	" NOT EXISTS (SELECT 1 FROM moz_bookmarks b JOIN moz_bookmarks p ON p.id = b.parent"       \
	" WHERE b.fk = l.place AND b.type = 1 AND p.parent <> ?1)"

int
firefox_write_aside(struct firefox *f, struct err *err)
{
	return for_all(f,
		       TAGS_OF_PAGE "(e.fk, t.title) IN (SELECT place, tag FROM temp.tags EXCEPT"
				    " SELECT place, tag FROM temp.tags WHERE added)",
		       delete_tag_entry, err) < 0 ||
			       for_all(f,
				       "SELECT place, keyword FROM temp.keywords EXCEPT"
				       " SELECT place, keyword FROM temp.keywords WHERE added",
				       delete_keyword, err) < 0 ||
			       for_all(f,
				       "SELECT DISTINCT a.place, a.tag FROM temp.tags a WHERE "
				       "a.added AND"
				       " NOT EXISTS (SELECT 1 FROM moz_bookmarks e JOIN "
				       "moz_bookmarks t ON"
				       " t.id = e.parent WHERE e.fk = a.place AND e.type = 1 AND"
				       " t.parent = ?1 AND t.title = a.tag)",
				       write_tag, err) < 0 ||
			       for_all(f,
				       "SELECT DISTINCT place, keyword FROM temp.keywords a WHERE "
				       "added AND"
				       " NOT EXISTS (SELECT 1 FROM moz_keywords k WHERE"
				       " k.place_id = a.place AND k.keyword = a.keyword)",
				       write_keyword, err) < 0
		       ? -1
		       : 0;
}

int
firefox_write_left(struct firefox *f, struct err *err)
{
	return for_all(f,
		       TAGS_OF_PAGE
		       "e.fk IN (SELECT place FROM temp.removed l WHERE" LAST_BOOKMARK_LEFT ")",
		       delete_tag_entry, err) < 0 ||
			       for_all(f,
				       "SELECT k.place_id, k.keyword FROM temp.removed l JOIN "
				       "moz_keywords k"
				       " ON k.place_id = l.place WHERE" LAST_BOOKMARK_LEFT,
				       delete_keyword, err) < 0 ||
			       for_all(f, "SELECT parent, '' FROM temp.gaps", close_gaps, err) < 0
		       ? -1
		       : 0;
}

/* ---- what will be seen ---- */

/* The page's own tags and keyword, as far as it has some. */
static int
seen_of_page(struct firefox *f, int64_t place, struct bookmark *b, struct buf *text,
	     struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_open(
		    &q, &f->db.sql,
		    "SELECT t.title, 1 FROM moz_bookmarks b JOIN moz_bookmarks t ON t.id = b.parent"
		    " WHERE b.fk = ?1 AND b.type = 1 AND t.parent = ?2 AND t.title <> ''"
		    " UNION ALL SELECT keyword, 0 FROM moz_keywords WHERE place_id = ?1"
		    " AND coalesce(post_data, '') = ''",
		    err) < 0)
		return -1;
	query_int(&q, 1, place);
	query_int(&q, 2, f->tags_root);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		struct span is = query_column_blob(&q, 0);
		bool is_tag = query_column_int(&q, 1);

		if (is_tag && (has_tag(b, is) || b->n_tags == BOOKMARK_TAGS_MAX))
			continue;
		if (buf_reserve(text, is.n, err) < 0)
			return -1;
		is.p = memcpy(text->p + text->n, is.p, is.n); /* its room was made before */
		text->n += is.n;
		if (is_tag)
			b->tags[b->n_tags++] = is;
		else
			b->keyword = is;
	}
	return rc;
}

static int
compare_tags(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* @b, its tags in an array with room for all, becomes what a row of it shows. */
static int
seen(struct firefox *f, struct bookmark *b, struct buf *text, struct err *err)
{
	bool is_free = true;
	int64_t place;
	size_t n = 0;

	b->description = span_of(NULL, 0);
	if (firefox_find_page(&place, f, b->url, err) < 0)
		return -1;
	if (b->keyword.n && keyword_is_free(&is_free, f, place, b->keyword, err) < 0)
		return -1;
	if (!is_free)
		b->keyword = span_of(NULL, 0);
	if (place >= 0 && seen_of_page(f, place, b, text, err) < 0)
		return -1;
	if (b->n_tags)
		qsort(b->tags, b->n_tags, sizeof *b->tags, compare_tags);
	for (size_t i = 0; i < b->n_tags; i++)
		if (i == 0 || !span_equal(b->tags[i], b->tags[n - 1]))
			b->tags[n++] = b->tags[i];
	b->n_tags = n;
	return 0;
}

int
firefox_shown(struct buf *out, void *store, struct span bytes, struct err *err)
{
	struct firefox *f = store;
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };
	AUTO(buf_clear) struct buf url = BUF_INIT(ITEM_BYTES_MAX), text = BUF_INIT(SEEN_TEXT_MAX);
	int rc;

	if (bookmark_parse(&b, bytes, err) < 0 || buf_reserve(&text, SEEN_TEXT_MAX, err) < 0)
		return -1;
	rc = firefox_address(&url, &b, err);
	if (rc == 0 && b.added_unix_ms == 0)
		rc = ROW_REFUSED; /* it will be the moment of writing */
	if (rc == 0)
		rc = firefox_need_copy(f, err);
	if (rc)
		return rc < 0 ? -1 : ROW_REFUSED;
	struct bookmark shown = b;
	if (b.n_tags)
		memcpy(f->tags, b.tags, b.n_tags * sizeof *b.tags);
	shown.tags = f->tags;
	shown.url = buf_span(&url);
	return seen(f, &shown, &text, err) < 0 ? -1 : bookmark_print(out, &shown, err);
}
