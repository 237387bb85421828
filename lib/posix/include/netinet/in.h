#ifndef _NETINET_IN_H
#define _NETINET_IN_H

#include <inttypes.h>
#include <sys/socket.h>
#include <machine/endian.h>

#ifndef _IN_ADDR_T_DECLARED
typedef __uint32_t in_addr_t;
#define _IN_ADDR_T_DECLARED
#endif
#ifndef _IN_PORT_T_DECLARED
typedef __uint16_t in_port_t;
#define _IN_PORT_T_DECLARED
#endif

struct in_addr {
	in_addr_t	s_addr;
};

struct in6_addr {
	union {
		__uint8_t	__s6_addr[16];
		__uint16_t	__s6_addr16[8];
		__uint32_t	__s6_addr32[4];
	} __in6_union;
};
#define s6_addr		__in6_union.__s6_addr
#define s6_addr16	__in6_union.__s6_addr16
#define s6_addr32	__in6_union.__s6_addr32

struct sockaddr_in {
	sa_family_t	sin_family;
	in_port_t	sin_port;
	struct in_addr	sin_addr;
	__uint8_t	sin_zero[8];
};

struct sockaddr_in6 {
	sa_family_t	sin6_family;
	in_port_t	sin6_port;
	__uint32_t	sin6_flowinfo;
	struct in6_addr	sin6_addr;
	__uint32_t	sin6_scope_id;
};

#define IPPROTO_IP	0
#define IPPROTO_ICMP	1
#define IPPROTO_TCP	6
#define IPPROTO_UDP	17
#define IPPROTO_IPV6	41
#define INADDR_ANY	((in_addr_t)0)
#define INADDR_BROADCAST ((in_addr_t)0xffffffff)
#define INADDR_NONE	((in_addr_t)0xffffffff)
#define INADDR_LOOPBACK	((in_addr_t)0x7f000001)
#define INET_ADDRSTRLEN	16
#define INET6_ADDRSTRLEN 46
#define IPPORT_RESERVED	1024

__BEGIN_DECLS
__uint32_t	htonl(__uint32_t);
__uint16_t	htons(__uint16_t);
__uint32_t	ntohl(__uint32_t);
__uint16_t	ntohs(__uint16_t);
__END_DECLS

#endif
