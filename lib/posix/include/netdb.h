#ifndef _NETDB_H
#define _NETDB_H

#include <netinet/in.h>

struct hostent {
	char	*h_name;
	char	**h_aliases;
	int	h_addrtype;
	int	h_length;
	char	**h_addr_list;
};
#define h_addr	h_addr_list[0]

struct servent {
	char	*s_name;
	char	**s_aliases;
	int	s_port;
	char	*s_proto;
};

#define HOST_NOT_FOUND	1
#define TRY_AGAIN	2
#define NO_RECOVERY	3
#define NO_DATA		4
#define NO_ADDRESS	NO_DATA

extern int h_errno;

__BEGIN_DECLS
struct hostent	*gethostbyname(const char *);
struct servent	*getservbyname(const char *, const char *);
void		herror(const char *);
const char	*hstrerror(int);
__END_DECLS

#endif
