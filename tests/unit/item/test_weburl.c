/* SPDX-License-Identifier: Apache-2.0 */
/* Web addresses: what browsers make of them (measured: `new URL(x).href` in Firefox ESR). */
#include "item/weburl.h"
#include "unit.h"

static const struct {
	const char *address;
	const char *normal; /* NULL: it is none */
} cases[] = {
	{ "HTTP://EXAMPLE.com", "http://example.com/" },
	{ "http://example.com:80/", "http://example.com/" },
	{ "https://ex.com:443/a b", "https://ex.com/a%20b" },
	{ "http://b\303\274cher.de/\303\274?\303\244=\303\266#\303\237",
	  "http://xn--bcher-kva.de/%C3%BC?%C3%A4=%C3%B6#%C3%9F" },
	{ "javascript:alert('a b \303\274')", "javascript:alert('a b %C3%BC')" },
	{ "data:text/html,<b>x y</b>", "data:text/html,<b>x y</b>" },
	{ "mailto:a@b c", "mailto:a@b c" },
	{ "http://a.com/x/../y/./z", "http://a.com/y/z" },
	{ "http://a.com\\b", "http://a.com/b" },
	{ "ftp://a.com", "ftp://a.com/" },
	{ "http://a.com/%7Efoo/%e4", "http://a.com/%7Efoo/%e4" },
	{ "http://a.com/?q=a b'c\"<>`{}|^", "http://a.com/?q=a%20b%27c%22%3C%3E`{}|^" },
	{ "http://a.com/p'\"<>`{}|^[]", "http://a.com/p'%22%3C%3E%60%7B%7D|%5E[]" },
	{ "http://a.com/#a b'\"<>`{}|^", "http://a.com/#a%20b'%22%3C%3E%60{}|^" },
	{ "http://0x7f.1/", "http://127.0.0.1/" },
	{ "http://1.2.3/", "http://1.2.0.3/" },
	{ "http://[::1]:80/", "http://[::1]/" },
	{ "http://[2001:DB8::0:1]/", "http://[2001:db8::1]/" },
	{ "file:///C|/x", "file:///C:/x" },
	{ "file:///home/a b", "file:///home/a%20b" },
	{ "FILE://localhost/x", "file:///x" },
	{ "  http://a.com/\012 x ", "http://a.com/%20x" },
	{ "http://us er:p@ss@a.com/", "http://us%20er:p%40ss@a.com/" },
	{ "about:blank", "about:blank" },
	{ "http://a_b.com/", "http://a_b.com/" },
	{ "http://a.com./", "http://a.com./" },
	{ "http://EXAMPLE.com:8080", "http://example.com:8080/" },
	{ "ws://a.com", "ws://a.com/" },
	{ "foo://Bar.COM/a b", "foo://Bar.COM/a%20b" },
	{ "foo:a b", "foo:a b" },
	{ "http:a.com", "http://a.com/" },
	{ "http:/a.com", "http://a.com/" },
	{ "http:///a.com", "http://a.com/" },
	{ "//a.com", NULL },
	{ "a.com", NULL },
	{ "http://", NULL },
	{ "http://a b.com/", NULL },
	{ "http://a%41.com/", "http://aa.com/" },
	{ "http://xn--bcher-kva.de/", "http://xn--bcher-kva.de/" },
	{ "http://fa\303\237.de/", "http://xn--fa-hia.de/" },
	{ "http://a.com/a%", "http://a.com/a%" },
	{ "http://a.com?x", "http://a.com/?x" },
	{ "http://a.com#y", "http://a.com/#y" },
	{ "view-source:http://a.com/", "view-source:http://a.com/" },
	{ "urn:isbn:123 4", "urn:isbn:123 4" },
	{ "http://user:@a.com/", "http://user@a.com/" },
	{ "http://:@a.com/", "http://a.com/" },
	{ "http://@a.com/", "http://a.com/" },
	{ "http://a.com:/", "http://a.com/" },
	{ "http://a.com:0080/", "http://a.com/" },
	{ "http://a.com:99999/", NULL },
	{ "blob:http://a.com/x", "blob:http://a.com/x" },
	{ "foo://", "foo://" },
	{ "foo:///x", "foo:///x" },
	{ "foo:/x/../y", "foo:/y" },
	{ "tel:+49 30", "tel:+49 30" },
	{ "http://a..com/", "http://a..com/" },
	{ "http://-a.com/", "http://-a.com/" },
	{ "http://1.2.3.4.5/", NULL },
	{ "http://256.1.1.1/", NULL },
	{ "http://09.1/", NULL },
	{ "http://a.com/\360\237\230\200", "http://a.com/%F0%9F%98%80" },
	{ "javascript:a\012b", "javascript:ab" },
	{ "data:,a b#c d", "data:,a b#c%20d" },
	{ "http://a.com/%2e%2E/b", "http://a.com/b" },
	{ "http://a.com/a/%2e", "http://a.com/a/" },
	{ "http://%zz.com/", NULL },
};

static void
every_address_gets_the_form_that_browsers_give_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(4096);
		struct err err = { 0 };
		int rc = weburl_normal(&out, span_str(cases[i].address), &err);

		if (!cases[i].normal && rc != WEBURL_INVALID)
			print_error("taken: %s as %s\n", cases[i].address, buf_str(&out));
		assert_int_equal(rc, cases[i].normal ? 0 : WEBURL_INVALID);
		if (cases[i].normal)
			assert_string_equal(buf_str(&out), cases[i].normal);
		else
			assert_int_equal(out.n, 0);
	}
}

static void
a_normal_form_is_its_own_normal_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(4096);
		struct err err = { 0 };

		if (!cases[i].normal)
			continue;
		assert_int_equal(weburl_normal(&out, span_str(cases[i].normal), &err), 0);
		assert_string_equal(buf_str(&out), cases[i].normal);
	}
}

static void
chromium_encodes_a_bar_in_a_path_and_nothing_else_otherwise(void **state)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(4096);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(weburl_chromium(&out, span_str("http://a.com/a|b?c|d#e|f"), &err), 0);
	assert_string_equal(buf_str(&out), "http://a.com/a%7Cb?c|d#e|f");
}

static void
a_nul_is_encoded_and_the_ceiling_of_the_buffer_holds(void **state)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(4096), small = BUF_INIT(10);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(weburl_normal(&out, SPAN_ARRAY("http://a.com/\0x"), &err), 0);
	assert_string_equal(buf_str(&out), "http://a.com/%00x");
	assert_int_equal(weburl_normal(&small, span_str("http://a.com/"), &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_gets_the_form_that_browsers_give_it),
		cmocka_unit_test(a_normal_form_is_its_own_normal_form),
		cmocka_unit_test(chromium_encodes_a_bar_in_a_path_and_nothing_else_otherwise),
		cmocka_unit_test(a_nul_is_encoded_and_the_ceiling_of_the_buffer_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
