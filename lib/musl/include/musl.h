#pragma once
/* Declared by musl's own headers, which lie over the public ones when it compiles itself. */
struct crypt_data;
struct in_addr;
hidden char *__crypt_r(const char *, const char *, struct crypt_data *);
hidden char *__crypt_des(const char *, const char *, char *);
hidden char *__crypt_md5(const char *, const char *, char *);
hidden char *__crypt_blowfish(const char *, const char *, char *);
hidden char *__crypt_sha256(const char *, const char *, char *);
hidden char *__crypt_sha512(const char *, const char *, char *);
int __inet_aton(const char *, struct in_addr *);
