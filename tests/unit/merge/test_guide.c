/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of docs/guide/merging.md and its Chinese sister are made from the code: which property
 * is compared how, and what comes of real pairs of cards.  A page that is out of date fails here;
 * CLOUDBOX_WRITE_GUIDE=1 writes it.
 */
#include "item/corpus.h"
#include "item/property.h"
#include "merge/laws.h"

enum { ENGLISH, CHINESE, LANGUAGES };

static const char *const pages[LANGUAGES] = { GUIDE "/merging.md", GUIDE "/merging.zh-CN.md" };

/* ---- which property is compared how ---- */

struct kind_row {
	enum property_kind kind;
	const char *key[LANGUAGES];
};

static const struct kind_row kind_rows[] = {
	{ PROPERTY_TEL, { "as a number", "按号码" } },
	{ PROPERTY_EMAIL, { "as an e-mail address", "按电子邮件地址" } },
	{ PROPERTY_PARTS, { "part by part, blanks apart", "逐部分比较，不计空白" } },
	{ PROPERTY_IMPP, { "service and handle", "服务与帐号" } },
	{ PROPERTY_URL, { "as a link", "按链接" } },
	{ PROPERTY_DATE, { "as a date", "按日期" } },
	{ PROPERTY_BINARY, { "the decoded bytes, or the link", "解码后的内容，或链接" } },
	{ PROPERTY_LIST, { "element by element", "逐个元素" } },
	{ PROPERTY_TEXT, { "as text, blanks around it apart", "按文本，不计首尾空白" } },
	{ PROPERTY_GEO, { "latitude and longitude", "纬度与经度" } },
	{ PROPERTY_ZONE, { "the zone's name or offset", "时区名称或偏移" } },
	{ PROPERTY_AGENT, { "the inner card's fields", "内层名片的字段" } },
	{ PROPERTY_EXACT,
	  { "name, label and value exactly; so is every property not named here",
	    "名称、标签和值完全一致；未列出的属性也如此" } },
};

static void
put(struct buf *out, const char *s)
{
	assert_int_equal(buf_append_str(out, s, NULL), 0);
}

static bool
is_compared(const struct property *p)
{
	return !(p->flags & FIELD_IGNORED);
}

static void
put_names(struct buf *out, enum property_kind kind)
{
	bool any = false;

	for (size_t i = 0; i < property_table_n; i++) {
		const struct property *p = &property_table[i];
		if (p->kind != kind || !is_compared(p) || property_is_member(p))
			continue;
		put(out, any ? ", " : "");
		put(out, p->name);
		put(out, (p->flags & FIELD_SINGLE) ? "\\*" : "");
		if (p->means && p->kind != PROPERTY_IMPP) {
			put(out, " = ");
			put(out, p->means);
		}
		any = true;
	}
	assert_true(any);
}

static void
put_ignored(struct buf *out, unsigned flags)
{
	bool any = false;

	for (size_t i = 0; i < property_table_n; i++) {
		if (!(property_table[i].flags & flags))
			continue;
		put(out, any ? ", " : "");
		put(out, property_table[i].name);
		any = true;
	}
}

static void
put_properties(struct buf *out, int language)
{
	static const char *const head[] = { "| compared | properties |\n| --- | --- |\n",
					    "| 比较方式 | 属性 |\n| --- | --- |\n" };
	static const char *const never[] = {
		"never compared, added or held: when it was saved, by what",
		"从不比较、添加或保留：何时、由何程序保存"
	};
	static const char *const identity[] = { "says which card it is", "说明是哪张名片" };

	put(out, head[language]);
	for (size_t i = 0; i < N_ELEMENTS(kind_rows); i++) {
		put(out, "| ");
		put(out, kind_rows[i].key[language]);
		put(out, " | ");
		put_names(out, kind_rows[i].kind);
		put(out, " |\n");
	}
	put(out, "| ");
	put(out, never[language]);
	put(out, " | ");
	put_ignored(out, FIELD_VOLATILE);
	put(out, " |\n| ");
	put(out, identity[language]);
	put(out, " | ");
	put_ignored(out, FIELD_IDENTITY);
	put(out, " |\n");
}

/* ---- what comes of real pairs ---- */

struct person {
	const char *who; /* which program wrote it */
	const char *file;
	unsigned nth; /* card of the file */
};

#define EZ "ez-vcard/io/text/John_Doe_"

static const struct person john_doe[] = {
	{ "Android", EZ "ANDROID.vcf", 0 },
	{ "BlackBerry", EZ "BLACK_BERRY.vcf", 0 },
	{ "Evolution", EZ "EVOLUTION.vcf", 0 },
	{ "Gmail", EZ "GMAIL.vcf", 0 },
	{ "iPhone", EZ "IPHONE.vcf", 0 },
	{ "Lotus Notes", EZ "LOTUS_NOTES.vcf", 0 },
	{ "macOS", EZ "MAC_ADDRESS_BOOK.vcf", 0 },
	{ "Outlook", EZ "MS_OUTLOOK.vcf", 0 },
	{ "Thunderbird", "ez-vcard/io/text/thunderbird-MoreFunctionsForAddressBook-extension.vcf",
	  0 },
};

static const struct person antoni[] = {
	{ "Kontact", "ical4j-vcard/vcard-antoni-kontact.vcf", 0 },
	{ "Outlook 2003", "ical4j-vcard/vcard-antoni-outlook2003.vcf", 0 },
	{ "Outlook 2003, links", "ical4j-vcard/vcard-antoni-outlook2003-valueurl.vcf", 0 },
};

static const struct person versions[] = {
	{ "2.1", "vcard-net/v2.1/Data/John_Doe.vcf", 0 },
	{ "3.0", "vcard-net/v3.0/Data/John_Doe.vcf", 0 },
	{ "4.0", "vcard-net/v4.0/Data/John_Doe.vcf", 0 },
};

static const struct person contacts[] = {
	{ "2.1", "vcard-net/v2.1/Data/Contacts.vcf", 0 },
	{ "3.0", "vcard-net/v3.0/Data/Contacts.vcf", 0 },
	{ "4.0", "vcard-net/v4.0/Data/Contacts.vcf", 0 },
};

static const struct person simon[] = {
	{ "RFC 6350", "ical4j-vcard/valid/Simon_Perreault.vcf", 0 },
	{ "its draft 3", "ical4j-vcard/valid/Simon_Perreault_03.vcf", 0 },
};

static const struct person gump[] = {
	{ "2.1", "vcard-parser-php/Example2.1.vcf", 0 },
	{ "3.0", "vcard-parser-php/Example3.0.vcf", 0 },
};

static const struct {
	const char *name;
	const struct person *persons;
	size_t n;
} sets[] = {
	{ "John Doe", john_doe, N_ELEMENTS(john_doe) },
	{ "Antoni", antoni, N_ELEMENTS(antoni) },
	{ "vcard-net, John_Doe", versions, N_ELEMENTS(versions) },
	{ "vcard-net, Contacts", contacts, N_ELEMENTS(contacts) },
	{ "Simon", simon, N_ELEMENTS(simon) },
	{ "vcard-parser", gump, N_ELEMENTS(gump) },
};

struct loaded {
	struct buf bytes;
	struct item *it;
	struct span text;
	unsigned nth;
};

static int
keep_nth(void *ctx, const struct card_part *part, struct err *err)
{
	static const char *const single[] = { "PHOTO", NULL };
	static const struct item_profile profile = { .single = single };
	struct loaded *l = ctx;

	if (part->bad || l->nth-- != 0)
		return 0;
	return card_parse(&l->it, range_span(l->text, part->range), "card", 1, &profile, err);
}

static void
load(struct loaded *out, const struct person *p)
{
	char path[4096];

	*out = (struct loaded){ .bytes = BUF_INIT((size_t)16 << 20), .nth = p->nth };
	snprintf(path, sizeof path, "%s/contacts/%s", getenv("CLOUDBOX_CORPUS"), p->file);
	if (!corpus_read(&out->bytes, path))
		fail_msg("%s is missing", path);
	out->text = buf_span(&out->bytes);
	assert_int_equal(card_split(out->text, path, keep_nth, out, NULL), 0);
	assert_non_null(out->it);
}

static void
unload(struct loaded *l)
{
	item_free(l->it);
	buf_clear(&l->bytes);
}
AUTO_OBJ(unload, struct loaded);

/* Property names, each once, with how often: "FN, TEL 3". */
struct names {
	const char *name[400];
	unsigned count[400];
	size_t n;
};

static void
add_name(struct names *names, const char *name)
{
	size_t i = 0;

	while (i < names->n && strcmp(names->name[i], name) != 0)
		i++;
	if (i == names->n) {
		assert_true(names->n < N_ELEMENTS(names->name));
		names->name[names->n] = name;
		names->count[names->n++] = 0;
	}
	names->count[i]++;
}

static void
put_cell(struct buf *out, const struct names *names, const char *mark)
{
	for (size_t i = 0; i < names->n; i++) {
		put(out, i ? ", " : "");
		put(out, names->name[i]);
		put(out, mark);
		if (names->count[i] > 1)
			assert_int_equal(buf_append_fmt(out, NULL, " %u", names->count[i]), 0);
	}
}

static void
put_pair(struct buf *out, const struct person *into, const struct person *from)
{
	AUTO(unload) struct loaded a, b;
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	struct names same = { .n = 0 }, stays = { .n = 0 }, added = { .n = 0 }, held = { .n = 0 },
		     unwritable = { .n = 0 };

	load(&a, into);
	load(&b, from);
	assert_int_equal(merge_items(&o, a.it, b.it, NULL, NULL), 0);
	laws_check(a.it, b.it, into->who);
	for (size_t i = 0; i < a.it->n_fields; i++) {
		const struct field *f = &a.it->fields[i];
		if (!(f->flags & FIELD_IGNORED))
			add_name(laws_count(b.it, &f->key) ? &same : &stays, f->name);
	}
	for (size_t i = 0; i < o.n_added; i++)
		add_name(&added, o.added[i].theirs->name);
	for (size_t i = 0; i < o.n_held; i++)
		add_name(o.held[i].why == MERGE_HELD_SINGLE ? &held : &unwritable,
			 o.held[i].theirs->name);
	assert_int_equal(buf_append_fmt(out, NULL, "| %s | %s | ", into->who, from->who), 0);
	put_cell(out, &same, "");
	put(out, " | ");
	put_cell(out, &stays, "");
	put(out, " | ");
	put_cell(out, &added, "");
	put(out, " | ");
	put_cell(out, &held, "");
	put(out, held.n && unwritable.n ? ", " : "");
	put_cell(out, &unwritable, "†");
	put(out, " |\n");
}

static void
put_pairs(struct buf *out, int language)
{
	static const char *const head[] = {
		"| here | backup | same | only here: stays | only there: added | held |\n",
		"| 本机 | 备份 | 相同 | 仅本机有：保留 | 仅备份有：添加 | 保留待选 |\n",
	};

	for (size_t s = 0; s < N_ELEMENTS(sets); s++) {
		assert_int_equal(buf_append_fmt(out, NULL, "%s%s\n\n%s", s ? "\n" : "",
						sets[s].name, head[language]),
				 0);
		put(out, "| --- | --- | --- | --- | --- | --- |\n");
		for (size_t i = 0; i < sets[s].n; i++)
			for (size_t j = 0; j < sets[s].n; j++)
				if (i != j)
					put_pair(out, &sets[s].persons[i], &sets[s].persons[j]);
	}
}

/* ---- the page ---- */

typedef void make_fn(struct buf *out, int language);

/* What stands between `<!-- NAME -->` and `<!-- end of NAME -->`. */
static void
check_page(int language, const char *name, make_fn *make)
{
	AUTO(buf_clear) struct buf page = BUF_INIT(1 << 20), table = BUF_INIT(1 << 20);
	char begin[100], end[100];

	assert_int_equal(buf_append_fmt(&table, NULL, "\n"), 0);
	make(&table, language);
	put(&table, "\n");
	assert_true(corpus_read(&page, pages[language]));
	snprintf(begin, sizeof begin, "<!-- %s -->\n", name);
	snprintf(end, sizeof end, "<!-- end of %s -->\n", name);
	char *from = strstr(buf_str(&page), begin), *to = strstr(buf_str(&page), end);
	assert_non_null(from);
	assert_non_null(to);
	from += strlen(begin);
	if (span_equal(buf_span(&table), span_of((uint8_t *)from, (size_t)(to - from))))
		return;
	if (!getenv("CLOUDBOX_WRITE_GUIDE"))
		fail_msg("%s: the table of %s is out of date; CLOUDBOX_WRITE_GUIDE=1 writes it",
			 pages[language], name);
	FILE *f = fopen(pages[language], "w");
	assert_non_null(f);
	fprintf(f, "%.*s%s%s", (int)(from - buf_str(&page)), buf_str(&page), buf_str(&table), to);
	assert_int_equal(fclose(f), 0);
}

static void
the_guide_names_every_property_and_its_key(void **state)
{
	(void)state;
	for (int l = 0; l < LANGUAGES; l++)
		check_page(l, "properties", put_properties);
}

static void
the_guide_shows_what_comes_of_every_pair_of_cards_of_one_person(void **state)
{
	(void)state;
	if (!getenv("CLOUDBOX_CORPUS")) {
		print_message("skipped: CLOUDBOX_CORPUS is not set\n");
		skip();
	}
	for (int l = 0; l < LANGUAGES; l++)
		check_page(l, "pairs", put_pairs);
}

/* bsearch() finds what is in order. */
static void
every_property_is_found_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < property_table_n; i++) {
		const struct property *p = &property_table[i];
		assert_true(i == 0 || strcmp(property_table[i - 1].name, p->name) < 0);
		assert_ptr_equal(property_of(span_str(p->name)), p);
		assert_true(!p->means || property_of(span_str(p->means))->name != NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_property_is_found_by_its_name),
		cmocka_unit_test(the_guide_names_every_property_and_its_key),
		cmocka_unit_test(the_guide_shows_what_comes_of_every_pair_of_cards_of_one_person),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
