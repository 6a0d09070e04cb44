/** Self-signed certificate for tests, of localhost, registry.example and 127.0.0.1, valid from 2020 to 2120. Protects nothing. */
export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBcTCCARagAwIBAgIBATAKBggqhkjOPQQDAjAfMR0wGwYDVQQDDBRXaGVycnkg
dGVzdCByZWdpc3RyeTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFow
HzEdMBsGA1UEAwwUV2hlcnJ5IHRlc3QgcmVnaXN0cnkwWTATBgcqhkjOPQIBBggq
hkjOPQMBBwNCAARwncHJID2svZ4q90lcOP+d4tHf69zCCybZi2TIpg4IIxt16i2d
YOtpAeedqMajfwamT1xvam3cs9tIV0lcXZnho0EwPzAPBgNVHRMBAf8EBTADAQH/
MCwGA1UdEQQlMCOCCWxvY2FsaG9zdIIQcmVnaXN0cnkuZXhhbXBsZYcEfwAAATAK
BggqhkjOPQQDAgNJADBGAiEAsL6PgEBdjAb4IlBbb2/i7GrCw6K3AJV9+ciyUhSZ
HZUCIQDItFO8wcEqq7Sk8eoI1RsvBWPGqBD+Yio05klyEQ60VA==
-----END CERTIFICATE-----
`;

export const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCsggaX5UwxXa6mOV
HfzCrUOYdacpW1/FtqOnBbz0l/yhRANCAARwncHJID2svZ4q90lcOP+d4tHf69zC
CybZi2TIpg4IIxt16i2dYOtpAeedqMajfwamT1xvam3cs9tIV0lcXZnh
-----END PRIVATE KEY-----
`;
