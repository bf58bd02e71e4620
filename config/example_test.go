package config_test

import (
	"fmt"
	"time"

	"example.com/ostov/config"
)

// Mail is the section "mail" of the configuration.
type Mail struct {
	Server  string        `yaml:"server" validate:"required" doc:"where mail is sent, host:port"`
	Timeout time.Duration `yaml:"timeout" validate:"gt=0" doc:"how long one mail may take"`
	Sender  string        `yaml:"sender" doc:"whom mail is from"`
	Key     config.Secret `yaml:"key" doc:"what the server knows us by"`
}

// Validate is called by Load.
func (m Mail) Validate() error {
	if m.Sender == "" && m.Key.Reveal() != "" {
		return config.Invalid("sender", "with a key, mail needs a sender")
	}
	return nil
}

func ExampleLoad() {
	mail := config.NewSection("mail", Mail{Server: "127.0.0.1:25", Timeout: time.Minute})

	c, err := config.Load([]config.Section{mail}, config.Sources{
		Environ: []string{"APP_MAIL_SERVER=mail.example.com:25", "APP_MAIL_KEY=hunter2"},
		Set:     []string{"mail.sender=app@example.com"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(config.Get[Mail](c, "mail"))
	for _, v := range c.Values() {
		fmt.Printf("%-12s %-20s %s\n", v.Key, v.Value, v.Source)
	}
	// Output:
	// {mail.example.com:25 1m0s app@example.com (secret)}
	// mail.server  mail.example.com:25  APP_MAIL_SERVER
	// mail.timeout 1m                   default
	// mail.sender  app@example.com      --set mail.sender
	// mail.key     (secret)             APP_MAIL_KEY
}

func ExampleLoad_faults() {
	mail := config.NewSection("mail", Mail{Timeout: time.Minute})

	_, err := config.Load([]config.Section{mail}, config.Sources{
		Environ: []string{"APP_MAIL_TIMEOUT=10", "APP_MAIL_SENDR=app@example.com", "APP_MAIL_KEY=hunter2"},
	})
	fmt.Println(err)
	// Output:
	// configuration: 4 faults; correct them and start again:
	//   APP_MAIL_TIMEOUT: mail.timeout: found "10"; write the unit too: 10ms, 10s, 10m or 10h
	//   APP_MAIL_SENDR: unknown variable; did you mean APP_MAIL_SENDER?
	//   default: mail.server: a value is required: write it in a file, or set APP_MAIL_SERVER
	//   default: mail.sender: with a key, mail needs a sender: write it in a file, or set APP_MAIL_SENDER
}
