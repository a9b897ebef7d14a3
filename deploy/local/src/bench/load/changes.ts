import { SAMPLE_ORG } from '../../start/sample-change.ts';

/** Accounts that change at a time; each is created and then updated. */
const BLOCK = 1_000;
const UPDATES = 3;

/**
 * Distinct changes of Salesforce accounts as EventBridge delivers them: a thousand creations, three updates of each, then the next thousand.
 * Each makes exactly one entry of the log. ASCII text of 0.7 to 1.4 KB.
 */
export class ChangeSource {
  readonly #begun = Date.now();
  readonly #run = this.#begun.toString(36);
  #made = 0;

  get made(): number {
    return this.#made;
  }

  next(): string {
    const number = this.#made++;
    const inBlock = number % (BLOCK * (1 + UPDATES));
    const account = Math.floor(number / (BLOCK * (1 + UPDATES))) * BLOCK + (inBlock % BLOCK);
    return inBlock < BLOCK ? created(this.#run, number, account) : updated(this.#run, number, account);
  }
}

/** Changes of an account each that are parked, since their kind is not known, and taken up again and again while a bench runs. Each makes one entry of the log. */
export class ParkedSource {
  readonly #run = `parked-${Date.now().toString(36)}`;
  #made = 0;

  get made(): number {
    return this.#made;
  }

  next(): string {
    const number = this.#made++;
    return event(this.#run, number, 10_000_000 + number, 'SNAPSHOT', '"Phone"', `"Phone":"+49 50 ${number}"`);
  }
}

function created(run: string, number: number, account: number): string {
  const fields = `"Name":"Northwind Traders ${account}","Type":"Customer - Direct","Industry":"Energy","AnnualRevenue":${account + 1}12.50,"NumberOfEmployees":${account},`
    + `"Phone":"+49 30 ${account}","Website":"https://northwind-${account}.example","AccountSource":"Partner Referral","OwnerId":"0055e000001AbCdAAK",`
    + `"BillingAddress":{"Street":"Main Street ${account}","City":"Berlin","PostalCode":"10115","Country":"DE"},`
    + '"CreatedDate":"2025-04-24T10:00:00.000Z","CreatedById":"0055e000001AbCdAAK","LastModifiedDate":"2025-04-24T10:00:00.000Z","LastModifiedById":"0055e000001AbCdAAK"';
  return event(run, number, account, 'CREATE', '', fields);
}

function updated(run: string, number: number, account: number): string {
  const fields = `"Phone":"+49 40 ${number}","AnnualRevenue":${number}7.25,"BillingAddress":{"Street":"Side Street ${number}"},"LastModifiedDate":"2025-04-25T10:00:00.000Z"`;
  return event(run, number, account, 'UPDATE', '"Phone","AnnualRevenue","BillingAddress.Street","LastModifiedDate"', fields);
}

function event(run: string, number: number, account: number, changeType: string, changedFields: string, fields: string): string {
  return `{"version":"0","id":"${run}-${number}","detail-type":"AccountChangeEvent","source":"aws.partner/salesforce.com/${SAMPLE_ORG}/0YL5e0000004TryGAE",`
    + `"account":"123456789012","time":"2025-04-24T10:00:02Z","region":"eu-central-1","resources":[],"detail":{"payload":{"ChangeEventHeader":{`
    + `"entityName":"Account","changeType":"${changeType}","changeOrigin":"com/salesforce/api/rest/61.0","recordIds":["001${String(account).padStart(12, '0')}AAA"],`
    + `"transactionKey":"${run}-${number}","sequenceNumber":1,"commitTimestamp":${Date.now()},"commitNumber":1745500706${String(number).padStart(9, '0')},`
    + `"commitUser":"0055e000001AbCdAAK","changedFields":[${changedFields}]},${fields}},"schemaId":"7gX2mQvPpT0w1YbKcVnLrA"}}`;
}
