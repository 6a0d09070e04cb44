module wherry.dev/guest

go 1.24
