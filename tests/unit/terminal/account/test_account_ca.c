/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: a server whose certificate a CA signed for its name, without a pin: the CA is made here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "box/identity.h"
#include "live.h"

struct authority {
	EVP_PKEY *key;
	X509 *cert;
};

struct fixture {
	struct live_folder folder;
	struct live_server server;
	struct authority ours, other;
	char ca[LIVE_PATH_MAX], cert[LIVE_PATH_MAX], key[LIVE_PATH_MAX];
	struct live_terminal t;
};

static void
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(cert, e, -1), 1);
	X509_EXTENSION_free(e);
}

static X509 *
certificate(EVP_PKEY *key, const char *name, long serial)
{
	X509 *cert = X509_new();

	assert_non_null(cert);
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 30L * 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_pubkey(cert, key);
	return cert;
}

static void
authority_make(struct authority *a, const char *name)
{
	a->key = EVP_EC_gen("P-256");
	a->cert = certificate(a->key, name, 1);
	X509_set_issuer_name(a->cert, X509_get_subject_name(a->cert));
	add_extension(a->cert, a->cert, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(a->cert, a->cert, NID_key_usage, "critical,keyCertSign");
	assert_true(X509_sign(a->cert, a->key, EVP_sha256()) > 0);
}

static void
authority_clear(struct authority *a)
{
	EVP_PKEY_free(a->key);
	X509_free(a->cert);
}

/* A new key, and a certificate that @a signed for @names, as the server's files. */
static void
sign_server(struct fixture *f, const struct authority *a, const char *names)
{
	static long serial = 100;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = certificate(key, "box.example", serial++);
	FILE *out;

	X509_set_issuer_name(cert, X509_get_subject_name(a->cert));
	add_extension(cert, a->cert, NID_subject_alt_name, names);
	add_extension(cert, a->cert, NID_ext_key_usage, "serverAuth");
	assert_true(X509_sign(cert, a->key, EVP_sha256()) > 0);
	out = fopen(f->cert, "w");
	assert_non_null(out);
	assert_int_equal(PEM_write_X509(out, cert), 1);
	fclose(out);
	out = fopen(f->key, "w");
	assert_non_null(out);
	assert_int_equal(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(out);
	EVP_PKEY_free(key);
	X509_free(cert);
}

static void
in_folder(char out[LIVE_PATH_MAX], const struct fixture *f, const char *name)
{
	assert_true(snprintf(out, LIVE_PATH_MAX, "%.400s/%s", f->folder.path, name) <
		    LIVE_PATH_MAX);
}

/* The terminal knows our CA and nothing else of the server. */
static void
open_remote(struct fixture *f, const struct remote_url *invitation)
{
	struct remote_options options = { .tries = 1, .ca_file = f->ca };
	struct remote_url url = remote_url_server(invitation);
	struct err err = { 0 };

	url.pinned = false;
	remote_free(f->t.remote);
	f->t.remote = NULL;
	if (remote_new(&f->t.remote, &url, &options, &err) < 0)
		fail_msg("%s", err.msg);
}

static void
start(struct fixture *f, const struct authority *a, const char *names)
{
	char data[LIVE_PATH_MAX];

	sign_server(f, a, names);
	in_folder(data, f, "server");
	f->server.certificate = f->cert;
	f->server.key = f->key;
	live_start(&f->server, data, true);
}

static int
setup(void **state)
{
	static struct fixture one;
	struct fixture *f = &one;
	FILE *out;

	*state = f;
	*f = (struct fixture){ 0 };
	if (!live_possible())
		return 0;
	live_folder_make(&f->folder);
	in_folder(f->ca, f, "ca.pem");
	in_folder(f->cert, f, "cert.pem");
	in_folder(f->key, f, "key.pem");
	authority_make(&f->ours, "our CA");
	authority_make(&f->other, "another CA");
	out = fopen(f->ca, "w");
	assert_non_null(out);
	assert_int_equal(PEM_write_X509(out, f->ours.cert), 1);
	fclose(out);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->folder.path[0] == 0)
		return 0;
	live_terminal_close(&f->t);
	live_stop(&f->server);
	authority_clear(&f->ours);
	authority_clear(&f->other);
	live_folder_remove(&f->folder);
	return 0;
}

static struct fixture *
running(void **state)
{
	struct fixture *f = *state;

	if (f->folder.path[0] == 0)
		skip();
	return f;
}

static int
see(struct fixture *f, const struct remote_url *invitation)
{
	uint8_t spki[REMOTE_PIN_BYTES];
	struct err err = { 0 };
	int rc;

	open_remote(f, invitation);
	rc = remote_see(f->t.remote, spki, &err);
	if (rc < 0)
		fail_msg("%s", err.msg);
	return rc;
}

static int
unlock(struct fixture *f, struct err *err)
{
	AUTO(unlocked_free) struct unlocked *u = NULL;
	struct passphrase *p = live_passphrase(LIVE_PASSPHRASE);
	struct account_credential with = { .passphrase = p };
	int rc = account_unlock(&u, f->t.box, f->t.remote, &with, err);

	passphrase_free(p);
	return rc;
}

static void
a_server_that_a_ca_vouches_for_is_trusted_by_name_also_with_a_new_key(void **state)
{
	struct fixture *f = running(state);
	struct remote_url invitation;
	struct recovery_code *code;
	struct err err = { 0 };
	char home[LIVE_PATH_MAX];

	start(f, &f->ours, "DNS:box.example,IP:127.0.0.1");
	invitation = live_invite(&f->server, "1G");
	in_folder(home, f, "home");
	live_terminal_open(&f->t, home, &invitation);
	assert_int_equal(see(f, &invitation), 0);
	code = live_init(&f->t, &invitation, "phone");
	recovery_code_free(code);
	assert_int_equal(box_identity(f->t.box)->server.tls, IDENTITY_TLS_CA);
	assert_int_equal(unlock(f, &err), 0);

	live_stop(&f->server);
	start(f, &f->ours, "DNS:box.example,IP:127.0.0.1"); /* renewed */
	open_remote(f, &invitation);
	assert_int_equal(unlock(f, &err), 0);

	live_stop(&f->server);
	start(f, &f->other, "DNS:box.example,IP:127.0.0.1");
	open_remote(f, &invitation);
	assert_int_equal(unlock(f, &err), -1);
	assert_int_not_equal(err.code, ERR_LOCKED); /* no answer to a login was sent */
	assert_int_equal(remote_traffic(f->t.remote).bytes_sent, 0);
}

static void
another_name_and_another_ca_are_asked_about(void **state)
{
	struct fixture *f = running(state);
	struct remote_url invitation;

	start(f, &f->ours, "DNS:box.example,IP:127.0.0.2");
	invitation = live_invite(&f->server, "1G");
	assert_int_equal(see(f, &invitation), REMOTE_UNKNOWN);
	live_stop(&f->server);
	start(f, &f->other, "DNS:box.example,IP:127.0.0.1");
	assert_int_equal(see(f, &invitation), REMOTE_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_server_that_a_ca_vouches_for_is_trusted_by_name_also_with_a_new_key,
			setup, teardown),
		cmocka_unit_test_setup_teardown(another_name_and_another_ca_are_asked_about, setup,
						teardown),
	};
	struct err err;

	return crypto_init(&err) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
