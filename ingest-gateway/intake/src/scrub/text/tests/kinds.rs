//! Each kind of text that holds a password, and those that only speak of one.

use super::{check, keeps};

/// Texts in which X is the secret.
const HELD: &[&str] = &[
    // Statements of SQL: identifiers as each database quotes them.
    "update `users` set `name` = ann, `password` = X where `id` = 9",
    "update `users` set `password` = 'X' where `id` = 9",
    "UPDATE [users] SET [name] = N'ann', [password] = N'X' WHERE [id] = 9",
    "UPDATE \"users\" SET \"name\" = 'ann', \"password\" = E'X' WHERE id = 9",
    "UPDATE users SET u.\"password\" = 'X'",
    "UPDATE users SET password = MD5('X') WHERE id = 9",
    "UPDATE users SET password = crypt('X', gen_salt('bf'))",
    "SELECT * FROM users WHERE password <> 'X' AND name = 'ann'",
    "SELECT * FROM users WHERE password LIKE 'X'",
    "SELECT * FROM users WHERE password IN ('X')",
    "SELECT * FROM users WHERE api_key != 'X'",
    // Statements about accounts.
    "ALTER USER ann IDENTIFIED BY 'X' failed",
    "ALTER USER ann IDENTIFIED BY X;",
    "create user 'ann'@'%' identified by 'X'",
    "CREATE USER ann IDENTIFIED WITH mysql_native_password BY 'X'",
    "GRANT ALL ON *.* TO 'ann'@'%' IDENTIFIED BY PASSWORD 'X'",
    "CREATE ROLE ann WITH LOGIN PASSWORD 'X'",
    "ALTER ROLE ann ENCRYPTED PASSWORD 'X' VALID UNTIL 'infinity'",
    "CREATE LOGIN ann WITH PASSWORD = N'X', CHECK_POLICY = OFF",
    "SET PASSWORD = 'X'",
    "SET PASSWORD = PASSWORD('X')",
    "SET PASSWORD FOR 'ann'@'localhost' = 'X'",
    "SET PASSWORD FOR ann = PASSWORD('X')",
    "ALTER USER ann SET password TO 'X'",
    // Rows of values by the names of their columns.
    "INSERT INTO users (name, password, age) VALUES ('ann', 'X', 7)",
    "INSERT INTO `users` (`name`,`password`) VALUES ('ann','X')",
    "insert into [users] ([name], [api_key]) values (N'ann', N'X')",
    "INSERT INTO users (id, secret) VALUES (1, crypt('X', 'a'))",
    "INSERT INTO users (name, token) VALUES ('it''s (ann), ok', 'X')",
    "[SQL: INSERT INTO users (name, password) VALUES (?, ?)]\n[parameters: ('ann', 'X')]",
    // XML, SOAP, property lists.
    "<user><name>ann</name><password>X</password></user>",
    "<wsse:Password Type=\"http://docs.example/wss#PasswordText\">X</wsse:Password>",
    "<ns1:apiKey><![CDATA[X]]></ns1:apiKey>",
    "<Login user=\"ann\" password=\"X\"/>",
    "<login password='X'>",
    "<entry key=\"db.password\">X</entry>",
    "<property name='password'>X</property>",
    "<add key=\"ApiSecret\" value=\"X\" />",
    "<input type=\"text\" name=\"password\" value=\"X\">",
    "<key>password</key>\n<string>X</string>",
    // Command lines.
    "command failed: sync --user ann --password X --page 3",
    "sync --api-key X",
    "sync --api-key 'X' --page 3",
    "exit 1: `login --client-secret \"X\"`",
    "Connect-Server -Password X -Name db",
    "keytool -list -storepass X",
    "mysql -u ann -pX shop",
    "mysqldump -pX shop > dump.sql",
    "sshpass -p X ssh ann@db",
    "docker login -u ann -p X registry.example",
    "PGPASSWORD=X psql -h db",
    "curl -u ann:X https://shop.example/",
    "curl -s --user 'ann:X' https://shop.example/",
    "curl -H 'Authorization: Bearer X' https://shop.example/",
    // Addresses.
    "postgres://ann:X@db:5432/shop",
    "postgresql+asyncpg://ann:X@db/shop",
    "mongodb+srv://ann:X@cluster0.example.net/?retryWrites=true",
    "redis://:X@cache:6379/0",
    "amqps://ann:X@mq/%2f",
    "smtp://ann:X@mail.example:587",
    "ftp://ann:X@files.example/",
    "jdbc:postgresql://db/shop?user=ann&password=X",
    "jdbc:sqlserver://db;user=ann;password=X;encrypt=true",
    "jdbc:oracle:thin:ann/X@//db:1521/shop",
    "ann:X@tcp(127.0.0.1:3306)/shop?parseTime=true",
    "Server=db;User Id=ann;Pwd=X;",
    // Printed maps.
    "bad params {:name=>\"ann\", :password=>\"X\"}",
    "bad params {\"name\" => \"ann\", \"password\" => \"X\"}",
    "bad params {name: \"ann\", password: \"X\"}",
    "%{name: \"ann\", password: \"X\"}",
    "[name: \"ann\", password: \"X\"]",
    "array ( 'name' => 'ann', 'password' => 'X', )",
    "Array\n(\n    [name] => ann\n    [password] => X\n)",
    "array(1) {\n  [\"password\"]=>\n  string(1) \"X\"\n}",
    "bad form {'name': 'ann', 'password': 'X'}",
    "bad form {b'name': b'ann', b'password': b'X'}",
    "{'name': ['ann'], 'password': u'X'}",
    "User(name='ann', password='X')",
    "User{name=ann, password=X}",
    "User[name=ann, password=X]",
    "User(name=ann, password=X)",
    "map[name:ann password:X]",
    "{Name:ann Password:X}",
    "main.User{Name:\"ann\", Password:\"X\"}",
    "User { name: \"ann\", password: \"X\" }",
    "User { name: \"ann\", password: Some(\"X\") }",
    "User(name: \"ann\", password: Optional(\"X\"))",
    "#<User name: \"ann\", password: \"X\">",
    "#<User @name=\"ann\", @password=\"X\">",
    "[{name,<<\"ann\">>},{password,<<\"X\">>}]",
    "[{password,\"X\"}]",
    "[('name', 'ann'), ('password', 'X')]",
    "{ name: 'ann', password: 'X' }",
];

/// Texts that hold none.
const HARMLESS: &[&str] = &[
    "HOME=/root\nPWD=/srv/shop\nOLDPWD=/srv/old",
    "PWD=C:\\shop",
    "passwordless: true",
    "refresh of the token for this account failed twice",
    "No valid authorizations for this account",
    "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
    "unexpected token '}' in JSON",
    "the password is wrong",
    "password must be longer",
    "Unpermitted parameters: [:password, :email]",
    "required: ['password', 'email']",
    "the option --password is required",
    "unknown option --password",
    "use --token option or --password-file",
    "sync --page 3 --password-stdin --user ann",
    "a -> b => c",
    "if (password > 3 && x < y)",
    "<p>Your session has ended</p>",
    "<title>Password reset</title>",
    "<a href=\"/password\">Forgot your password?</a>",
    "INSERT INTO users (name, age) VALUES ('ann', 7)",
    "INSERT INTO users (name, password) VALUES (?, ?)",
    "INSERT INTO users (name, password) VALUES (%(name)s, %(password)s)",
    "INSERT INTO users (name, password) VALUES ($1, NULL)",
    "UPDATE users SET password = ? WHERE id = ?",
    "UPDATE users SET password = $1 WHERE id = $2",
    "CREATE USER ann IDENTIFIED BY RANDOM PASSWORD",
    "identified by its name",
    "http://shop.example:8080/a@b",
    "git@github.com:acme/shop.git",
    "ann@shop.example",
    "cp -p a b",
    "mkdir -p /srv/shop",
    "curl -u ann https://shop.example/",
    "ssh -p 22 db",
    "values are (1, 2)",
    "why we view www.example",
];

#[test]
fn secrets_of_each_kind_are_masked_and_nothing_beside_them() {
    let mut wrong = Vec::new();
    for text in HELD {
        // One that no word of a text is.
        let (before, after) = text.split_once('X').expect("a place");
        let given = format!("{before}hunter22secret{after}");
        let expected = format!("{before}[Filtered]{after}");
        let scrubbed = super::scrub(&given, super::Kind::Text, super::Detect::DEFAULT);
        if scrubbed.as_deref() == Some(&expected) {
            check(&given, &expected);
        } else {
            wrong.push((given, scrubbed));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn texts_that_only_speak_of_secrets_are_kept() {
    let is_changed =
        |text: &&&str| super::scrub(text, super::Kind::Text, super::Detect::DEFAULT).is_some();
    let wrong: Vec<_> = HARMLESS.iter().filter(is_changed).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for text in HARMLESS {
        keeps(text);
    }
}

#[test]
fn all_secrets_of_several_rows_are_masked() {
    check(
        "INSERT INTO u (name, password, pin) VALUES ('a', 'x''y', 1), ('b', N'z', 2) RETURNING id",
        "INSERT INTO u (name, password, pin) VALUES ('a', '[Filtered]', 1), ('b', N'[Filtered]', 2) RETURNING id",
    );
    check(
        "INSERT INTO u (token, password) VALUES ('a1', 'b2');INSERT INTO u (password) VALUES ('c')",
        "INSERT INTO u (token, password) VALUES ('[Filtered]', '[Filtered]');INSERT INTO u (password) VALUES ('[Filtered]')",
    );
    check(
        "INSERT INTO u (password) VALUES ('cut of",
        "INSERT INTO u (password) VALUES ('[Filtered]",
    );
}

#[test]
fn passwords_with_odd_signs_are_masked_whole() {
    check(
        "postgres://ann:pa/ss#1@db/shop",
        "postgres://ann:[Filtered]@db/shop",
    );
    check(
        "[password] => correct horse battery\n[name] => ann",
        "[password] => [Filtered]\n[name] => ann",
    );
    check(
        "<password>a b\nc</password>",
        "<password>[Filtered]</password>",
    );
    check(
        "ALTER USER ann IDENTIFIED BY \"a b\"",
        "ALTER USER ann IDENTIFIED BY \"[Filtered]\"",
    );
}
