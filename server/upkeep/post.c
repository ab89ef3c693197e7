/* SPDX-License-Identifier: Apache-2.0 */
/* post: see post.h. */
#include "upkeep/post.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "crypto/secret.h"
#include "net/libcurl.h"
#include "net/public.h"
#include "os/os.h"
#include "upkeep/message.h"

#define CONNECT_S       15L
#define MAIL_S          60L
#define WEBHOOK_S       30L
#define LOGIN_BYTES_MAX 1024

struct login {
	char name[LOGIN_BYTES_MAX], password[LOGIN_BYTES_MAX];
};

/* One transfer; the callbacks of libcurl get it. */
struct sending {
	CURL *curl;
	struct curl_slist *list;
	struct span left; /* of the mail, to be read */
	const _Atomic bool *stop;
	bool (*may_reach)(const struct sockaddr *a); /* NULL: anybody */
	bool not_let;                                /* it may not */
	char error[CURL_ERROR_SIZE];
};

static void
sending_clear(struct sending *s)
{
	if (s->list)
		libcurl.slist_free_all(s->list);
	if (s->curl)
		libcurl.easy_cleanup(s->curl);
}
AUTO_OBJ(sending_clear, struct sending);

/* --- callbacks --- */

static size_t
on_read(char *p, size_t one, size_t n, void *ctx)
{
	struct sending *s = ctx;
	size_t part = one * n < s->left.n ? one * n : s->left.n;

	if (part)
		memcpy(p, s->left.p, part);
	s->left = span_skip(s->left, part);
	return part;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static size_t
on_answer(char *p, size_t one, size_t n, void *ctx)
{
	(void)p, (void)ctx;
	return one * n; /* nobody reads it */
}

static int
on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct sending *s = ctx;

	(void)a, (void)b, (void)c, (void)d;
	return *s->stop;
}

static curl_socket_t
on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct sending *s = ctx;

	(void)purpose;
	if (s->may_reach && !s->may_reach(&a->addr)) {
		s->not_let = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* --- sending --- */

static int
begin(struct sending *s, const struct post_options *o, const char *url, const char *protocols,
      long seconds, struct err *err)
{
	if (libcurl_need(err) < 0)
		return -1;
	CURL *c = s->curl = libcurl.easy_init();
	unsigned bad = 0;

	if (!c)
		return err_nomem(err);
	bad |= libcurl.easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	bad |= libcurl.easy_setopt(c, CURLOPT_URL, url);
	bad |= libcurl.easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
	bad |= libcurl.easy_setopt(c, CURLOPT_PROXY, "");
	bad |= libcurl.easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= libcurl.easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	bad |= libcurl.easy_setopt(c, CURLOPT_TIMEOUT, seconds);
	bad |= libcurl.easy_setopt(c, CURLOPT_ERRORBUFFER, s->error);
	bad |= libcurl.easy_setopt(c, CURLOPT_WRITEFUNCTION, on_answer);
	bad |= libcurl.easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	bad |= libcurl.easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	bad |= libcurl.easy_setopt(c, CURLOPT_XFERINFODATA, s);
	bad |= libcurl.easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	bad |= libcurl.easy_setopt(c, CURLOPT_OPENSOCKETDATA, s);
	if (o->ca_file)
		bad |= libcurl.easy_setopt(c, CURLOPT_CAINFO, o->ca_file);
	return bad ? err_set(err, ERR_INTERNAL, "libcurl does not take its options") : 0;
}

static int
list_add(struct sending *s, const char *line, struct err *err)
{
	struct curl_slist *more = libcurl.slist_append(s->list, line);

	if (!more)
		return err_nomem(err);
	s->list = more;
	return 0;
}

/* What became of it; @http: an answer that is none of 2xx is a no. */
static int
perform(struct sending *s, bool http, struct err *err)
{
	CURLcode rc = libcurl.easy_perform(s->curl);
	long status = 0;

	libcurl.easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
	if (rc == CURLE_OK && (!http || status / 100 == 2))
		return 0;
	if (s->not_let)
		return err_set(err, ERR_REFUSED, "its address is not one that may be reached");
	switch (rc) {
	case CURLE_OK:
		return err_set(err, ERR_REFUSED, "it answered with %ld", status);
	case CURLE_ABORTED_BY_CALLBACK:
		return err_set(err, ERR_CANCELLED, "the server stops");
	case CURLE_OUT_OF_MEMORY:
		return err_nomem(err);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(err, ERR_AUTH, "TLS: %.100s", libcurl.easy_strerror(rc));
	case CURLE_LOGIN_DENIED:
	case CURLE_SEND_ERROR:
	case CURLE_WEIRD_SERVER_REPLY:
		if (status >= 400)
			return err_set(err, ERR_REFUSED, "it answered with %ld", status);
		break;
	default:
		break;
	}
	return err_set(err, ERR_UNREACHABLE, "%.100s", libcurl.easy_strerror(rc));
}

/* --- mail --- */

/* Whether the server's name says that it is this machine. */
static bool
is_local(const char *url)
{
	static const char *const names[] = { "smtp://localhost", "smtp://127.0.0.1",
					     "smtp://[::1]" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t n = strlen(names[i]);
		if (strncmp(url, names[i], n) == 0 && (url[n] == '\0' || url[n] == ':'))
			return true;
	}
	return false;
}

/* The two lines of the file.  It must not be readable for everybody. */
static int
read_login(struct login *out, const char *path, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(LOGIN_BYTES_MAX);
	struct stat st;
	int rc = -1;

	if (os->fstatat(AT_FDCWD, path, &st, 0) < 0)
		return err_sys(err, errno, "%s", path);
	if (st.st_mode & S_IROTH) {
		err_set(err, ERR_IO, "%s can be read by everybody", path);
		return err_hint(err, "chmod 600 %s", path);
	}
	if (os_read_file(AT_FDCWD, path, &text, err) < 0)
		return -1;
	char *name = (char *)text.p, *line = text.n ? memchr(name, '\n', text.n) : NULL;
	if (line && line > name) {
		char *password = line + 1;
		size_t n = strcspn(password, "\r\n");
		memcpy(out->password, password, n);
		out->password[n] = '\0';
		n = strcspn(name, "\r\n");
		memcpy(out->name, name, n);
		out->name[n] = '\0';
		rc = *out->password ? 0 : -1;
	}
	secret_wipe(text.p, text.n);
	return rc == 0 ? 0 : err_set(err, ERR_USAGE, "%s needs two lines: name, password", path);
}

/* A scheme, a host and perhaps a port; no name or password, no path. */
static bool
is_mail_server(const char *url)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-:[]";
	const char *host = strncmp(url, "smtp://", 7) == 0    ? url + 7
			   : strncmp(url, "smtps://", 8) == 0 ? url + 8
							      : "";

	return *host && host[strspn(host, allowed)] == '\0';
}

int
post_check(const struct post_options *o, struct err *err)
{
	struct login login;

	if (!o->mail_server != !o->mail_from)
		return err_set(err, ERR_USAGE, "--mail-server and --mail-from go together");
	if (o->mail_login_file && !o->mail_server)
		return err_set(err, ERR_USAGE, "--mail-login needs --mail-server");
	if (!o->mail_server)
		return 0;
	if (!is_mail_server(o->mail_server)) {
		err_set(err, ERR_USAGE, "--mail-server begins with smtps:// or smtp://");
		return err_hint(err, "write --mail-server smtps://mail.example.org:465");
	}
	if (mail_address_check(o->mail_from, err) < 0)
		return -1;
	if (!o->mail_login_file)
		return 0;
	int rc = read_login(&login, o->mail_login_file, err);
	secret_wipe(&login, sizeof login);
	return rc;
}

static int
use_login(struct sending *s, const char *path, struct err *err)
{
	struct login login;
	int rc = read_login(&login, path, err);

	if (rc == 0 && (libcurl.easy_setopt(s->curl, CURLOPT_USERNAME, login.name) ||
			libcurl.easy_setopt(s->curl, CURLOPT_PASSWORD, login.password)))
		rc = err_nomem(err);
	secret_wipe(&login, sizeof login);
	return rc;
}

int
post_mail(const struct post_options *o, const char *to, struct span mail, const _Atomic bool *stop,
	  struct err *err)
{
	AUTO(sending_clear) struct sending s = { .stop = stop, .left = mail };
	bool without_tls = is_local(o->mail_server) && !o->ca_file;
	unsigned bad = 0;

	if (without_tls) /* whatever the name stands for */
		s.may_reach = net_is_loopback;
	if (mail_address_check(to, err) < 0 ||
	    begin(&s, o, o->mail_server, "smtp,smtps", MAIL_S, err) < 0 ||
	    list_add(&s, to, err) < 0 ||
	    (o->mail_login_file && use_login(&s, o->mail_login_file, err) < 0))
		return -1;
	bad |= libcurl.easy_setopt(s.curl, CURLOPT_USE_SSL,
				   without_tls ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	bad |= libcurl.easy_setopt(s.curl, CURLOPT_MAIL_FROM, o->mail_from);
	bad |= libcurl.easy_setopt(s.curl, CURLOPT_MAIL_RCPT, s.list);
	bad |= libcurl.easy_setopt(s.curl, CURLOPT_READFUNCTION, on_read);
	bad |= libcurl.easy_setopt(s.curl, CURLOPT_READDATA, &s);
	bad |= libcurl.easy_setopt(s.curl, CURLOPT_UPLOAD, 1L);
	if (bad)
		return err_set(err, ERR_INTERNAL, "libcurl does not take its options");
	return perform(&s, false, err);
}

/* --- webhooks --- */

int
post_webhook(const struct post_options *o, const char *url, struct span json,
	     const _Atomic bool *stop, struct err *err)
{
	AUTO(sending_clear) struct sending s = { .stop = stop };
	unsigned bad = 0;

	if (!o->private_webhooks)
		s.may_reach = net_is_public;
	if (webhook_check(url, err) < 0 || begin(&s, o, url, "https", WEBHOOK_S, err) < 0 ||
	    list_add(&s, "Content-Type: application/json", err) < 0 ||
	    list_add(&s, "Expect:", err) < 0)
		return -1;
	bad |= libcurl.easy_setopt(s.curl, CURLOPT_HTTPHEADER, s.list);
	bad |= libcurl.easy_setopt(s.curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)json.n);
	bad |= libcurl.easy_setopt(s.curl, CURLOPT_POSTFIELDS, (const char *)json.p);
	if (bad)
		return err_set(err, ERR_INTERNAL, "libcurl does not take its options");
	return perform(&s, true, err);
}
