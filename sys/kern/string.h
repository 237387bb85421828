#pragma once
/* The C library's memory and string functions, kernel copies. */
#include "kern/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
/* Copies at most size - 1 bytes and always terminates; returns strlen(from). */
size_t strlcpy(char *to, const char *from, size_t size);

/* Small copies of a constant size become plain moves; the rest calls the functions above. */
#define memcpy(to, from, n)	__builtin_memcpy(to, from, n)
#define memmove(to, from, n)	__builtin_memmove(to, from, n)
#define memset(to, c, n)	__builtin_memset(to, c, n)
